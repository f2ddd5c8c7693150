//! Is it an outage, or will it be the same another time?

/// Does something that is called not answer as it should? What cannot be read, or is not there, is the same another time.
pub fn is_one(error: &anyhow::Error) -> bool {
    let unreadable = |cause: &(dyn std::error::Error + 'static)| cause.is::<serde_json::Error>() || cause.is::<serde_dynamo::Error>();
    error.chain().count() > 1 && !error.chain().any(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn what_cannot_be_read_or_is_not_there_is_no_outage() {
        assert!(is_one(&anyhow!("dispatch failure").context("reading a sync")));
        assert!(!is_one(&anyhow!("the sync of this part is not stored")));
        assert!(!is_one(&None::<()>.context("the request of this event is not stored").unwrap_err()));
        let unreadable = serde_json::from_str::<u8>("x").context("a payload").unwrap_err();
        assert!(!is_one(&unreadable) && !is_one(&serde_json::from_str::<u8>("x").unwrap_err().into()));
    }
}
