//! What the admins answer to somebody who asks that his ban be lifted.

use uuid::Uuid;

/// A button under an appeal. As callback data: 36 bytes of Telegram's 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppealButton {
    pub appeal_id: Uuid,
    /// Lift the ban; else it stands.
    pub lift: bool,
}

impl AppealButton {
    pub fn data(&self) -> String {
        format!("a:{}:{}", self.appeal_id.simple(), if self.lift { 'l' } else { 'k' })
    }

    /// `None`: the data is of no such button.
    pub fn read(data: &str) -> Option<Self> {
        let (id, answer) = data.strip_prefix("a:")?.split_once(':')?;
        let lift = match answer {
            "l" => true,
            "k" => false,
            _ => return None,
        };
        Some(Self { appeal_id: Uuid::try_parse(id).ok()?, lift })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::{Button, UndoButton};

    #[test]
    fn a_button_reads_back_and_fits_into_telegrams_limit() {
        for lift in [true, false] {
            let button = AppealButton { appeal_id: Uuid::from_u128(u128::MAX), lift };
            assert_eq!(AppealButton::read(&button.data()), Some(button));
            assert_eq!(button.data().len(), 36);
            assert_eq!((Button::read(&button.data()), UndoButton::read(&button.data())), (None, None));
        }
    }

    #[test]
    fn what_somebody_made_up_is_no_button() {
        let id = Uuid::from_u128(7).simple();
        for data in ["", "a:", "a::l", "a:xyz:l", &format!("a:{id}:"), &format!("a:{id}:x"), &format!("q:{id}:l"), &format!("a:{id}:l:l")] {
            assert_eq!(AppealButton::read(data), None, "{data}");
        }
    }
}
