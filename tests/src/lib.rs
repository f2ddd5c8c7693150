//! The integration tests are in `integration/`; this library is empty, because a package needs a target that is no test.
