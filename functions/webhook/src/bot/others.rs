//! What the other admins of a chat follow from there: its owner sees it and may end it.

use super::action::{Action, InChat};
use super::lists::turns;
use super::screen::{Choice, Screen};
use super::{Asker, Room, Stop};
use crate::Webhook;
use aws::store::page::Wanted;
use domain::ids::UserId;
use domain::subscription::{Source, Subscription};
use telegram::render::{fold, subject};
use telegram::text;

/// Subscriptions on a page.
const ON_A_PAGE: usize = 10;

impl Webhook {
    pub async fn others(&self, asker: &Asker, room: &Room, after: &[String]) -> Result<Screen, Stop> {
        let lang = asker.lang;
        owners_only(asker, room)?;
        let wanted = Wanted { limit: ON_A_PAGE, cursor: after.last().cloned() };
        let page = self.subscriptions.page_of_chat(room.id, &wanted).await.map_err(super::history::unreadable(asker.lang))?;
        let others: Vec<_> = page.items.iter().map(|item| &item.subscription).filter(|its| its.admin_user_id != asker.id).collect();
        let people: Vec<_> = others.iter().flat_map(|its| [its.admin_user_id, followed(its)]).collect();
        let names = self.names(&people).await?;
        let named = |user: UserId| subject(lang, user, names.get(&user).map(String::as_str));
        let mut lines = vec![text!(lang, "others", chat = room.title())];
        let mut screen = Screen::default();
        for (number, its) in (after.len() * ON_A_PAGE + 1..).zip(&others) {
            let (admin, user) = (its.admin_user_id, followed(its));
            lines.push(text!(lang, "others-line", number = number, admin = named(admin), who = named(user)));
            let end = InChat::EndOf { admin, user };
            screen = screen.row([Choice::new(text!(lang, "button-end-of", number = number), Action::In { chat: room.id, then: end })]);
        }
        if others.is_empty() {
            lines.push(text!(lang, "others-none"));
        }
        let turn = |after| Action::In { chat: room.id, then: InChat::Others { after } };
        Ok(Screen { text: fold(&lines), ..screen }.row(turns(lang, after, page.next, turn)))
    }

    /// Ends what another admin follows. They find it in their list no more.
    pub async fn end_of(&self, asker: &Asker, room: &Room, admin: UserId, user: UserId) -> Result<Screen, Stop> {
        owners_only(asker, room)?;
        let subscription = Subscription { admin_user_id: admin, admin_chat_id: room.id, source: Source::User(user) };
        self.subscriptions.unfollow(&subscription).await?;
        let toast = Some(text!(asker.lang, "saved"));
        Ok(Screen { toast, ..self.others(asker, room, &[]).await? })
    }
}

fn followed(subscription: &Subscription) -> UserId {
    let Source::User(user) = subscription.source;
    user
}

fn owners_only(asker: &Asker, room: &Room) -> Result<(), Stop> {
    if room.is_owner { Ok(()) } else { Err(Screen::text(text!(asker.lang, "owners-only")).into()) }
}
