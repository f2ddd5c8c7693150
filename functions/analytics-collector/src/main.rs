//! The binary that Lambda starts. The function is the library beside it, where its tests are.

fn main() -> Result<(), aws::lambda::Error> {
    analytics_collector::run()
}
