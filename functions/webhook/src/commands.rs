//! Commands: who may give them, what they do, what is answered.

use crate::{NotNow, Webhook};
use aws::store::subscriptions::Followed;
use aws::store::users::Ignored;
use domain::chat::ChatState;
use domain::ids::UserId;
use domain::lang::Lang;
use domain::subscription::{CannotFollow, Source, Subscription};
use telegram::bot::OutgoingMessage;
use telegram::client::Failure;
use telegram::reaction::{Mend, Reaction};
use telegram::render::{self, Reply};
use telegram::update::{Command, CommandName, Target};

/// Somebody named by a command.
struct Named {
    id: UserId,
    name: Option<String>,
}

/// A reply that ends a command early, or a reason to try it again.
enum Stop {
    Reply(Reply),
    NotNow(NotNow),
}

impl From<Reply> for Stop {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

impl From<NotNow> for Stop {
    fn from(not_now: NotNow) -> Self {
        Self::NotNow(not_now)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::NotNow(error.into())
    }
}

impl Webhook {
    /// Carries a command out once and answers it. An update that is brought again after it was answered is dropped.
    pub async fn command(&self, command: Command) -> Result<(), NotNow> {
        if let Some(update_id) = command.update_id
            && self.gateway.update_is_done(update_id).await?
        {
            return Ok(());
        }
        self.may_call().await?;
        if let Some(bot) = &command.addressed_to
            && !self.is_me(bot).await?
        {
            return Ok(());
        }
        if command.name == CommandName::Start && command.private {
            self.users.begin(command.from.id).await?;
            self.people.forget(command.from.id);
        }
        let chosen = self.people.seen(&self.users, &command.from).await?;
        for person in [command.replied_to.as_ref(), target_person(&command)].into_iter().flatten() {
            self.people.seen(&self.users, person).await?;
        }
        let reply = match self.carry_out(&command).await {
            Ok(reply) | Err(Stop::Reply(reply)) => reply,
            Err(Stop::NotNow(not_now)) => return Err(not_now),
        };
        let lang = Lang::of(chosen, command.from.language_code.as_deref());
        self.answer(&command, reply.text(lang)).await?;
        if let Some(update_id) = command.update_id {
            self.gateway.update_done(update_id).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, command: &Command) -> Result<Reply, Stop> {
        match command.name {
            CommandName::Start => Ok(Reply::Start),
            CommandName::Help => Ok(Reply::Help),
            CommandName::Subscribe => self.subscribe(command).await,
            CommandName::Unsubscribe => self.unsubscribe(command).await,
            CommandName::List => self.list(command).await,
            CommandName::Undo => self.undo_command(command).await,
            CommandName::Ignore => self.ignore(command).await,
            CommandName::Unignore => self.unignore(command).await,
        }
    }

    async fn undo_command(&self, command: &Command) -> Result<Reply, Stop> {
        self.check_may_ban(command).await?;
        let named = match command.target {
            Target::None => None,
            _ => Some(self.named(command, "undo").await?),
        };
        let Some(undone) = self.undo(command.chat_id, named.as_ref().map(|named| named.id), command.from.id).await? else {
            return Ok(Reply::NothingToUndo);
        };
        Ok(Reply::Undoing { user: undone.user, name: named.and_then(|named| named.name), everywhere: undone.everywhere })
    }

    async fn ignore(&self, command: &Command) -> Result<Reply, Stop> {
        self.check_may_ban(command).await?;
        let Named { id: user, name } = self.named(command, "ignore").await?;
        Ok(match self.users.ignore(command.chat_id, Ignored::User(user)).await? {
            true => Reply::Ignored { user, name },
            false => Reply::IgnoreListFull,
        })
    }

    async fn unignore(&self, command: &Command) -> Result<Reply, Stop> {
        self.check_may_ban(command).await?;
        let Named { id: user, name } = self.named(command, "unignore").await?;
        Ok(match self.users.ignore_no_longer(command.chat_id, Ignored::User(user)).await? {
            true => Reply::NoLongerIgnored { user, name },
            false => Reply::NotIgnored { user, name },
        })
    }

    /// As [`Webhook::check_admin`]; and he may ban there.
    async fn check_may_ban(&self, command: &Command) -> Result<(), Stop> {
        self.check_admin(command).await?;
        match self.may_decide(command.chat_id, command.from.id).await? {
            true => Ok(()),
            false => Err(Reply::MayNotDecide.into()),
        }
    }

    async fn subscribe(&self, command: &Command) -> Result<Reply, Stop> {
        self.check_admin(command).await?;
        let named = self.named(command, "subscribe").await?;
        let subscription = subscription(command, named.id);
        subscription.check(self.telegram.bot()).map_err(Reply::CannotFollow)?;
        self.check_can_be_banned(command, named.id).await?;
        Ok(match self.subscriptions.follow(&subscription).await? {
            Followed::New => {
                let chat = self.users.chats([command.chat_id]).await?.remove(&command.chat_id);
                let can_ban = chat.is_none_or(|chat| chat.state == ChatState::Active);
                Reply::Subscribed { user: named.id, name: named.name, can_ban }
            }
            Followed::Already => Reply::AlreadySubscribed { user: named.id, name: named.name },
            Followed::LimitReached => Reply::LimitReached,
        })
    }

    async fn unsubscribe(&self, command: &Command) -> Result<Reply, Stop> {
        self.check_admin(command).await?;
        let named = self.named(command, "unsubscribe").await?;
        Ok(match self.subscriptions.unfollow(&subscription(command, named.id)).await? {
            true => Reply::Unsubscribed { user: named.id, name: named.name },
            false => Reply::NotSubscribed { user: named.id, name: named.name },
        })
    }

    async fn list(&self, command: &Command) -> Result<Reply, Stop> {
        self.check_admin(command).await?;
        let followed = self.subscriptions.of_admin(command.from.id, command.chat_id).await?;
        let users: Vec<_> = followed.iter().map(|Subscription { source: Source::User(user), .. }| *user).collect();
        let profiles = self.users.profiles(users.iter().copied()).await?;
        let name = |user| profiles.get(user).map(|profile| profile.name()).filter(|name| !name.is_empty());
        Ok(Reply::Subscriptions(users.iter().map(|user| (*user, name(user))).collect()))
    }

    /// The sender is an administrator of the chat now, by Telegram's own word.
    async fn check_admin(&self, command: &Command) -> Result<(), Stop> {
        if command.private {
            return Err(Reply::InAGroup.into());
        }
        if command.anonymous {
            return Err(Reply::Anonymous.into());
        }
        match self.telegram.member(command.chat_id, command.from.id).await {
            Ok(member) if member.is_admin() => Ok(()),
            Ok(_) => Err(Reply::AdminsOnly.into()),
            Err(failure) => match failure.reaction() {
                Reaction::Skip(_) => Err(Reply::AdminsOnly.into()),
                // Bringing the update again would change nothing and hold back what comes after it.
                Reaction::SuspendChat | Reaction::ChatGone | Reaction::OurBug => Err(Reply::CannotCheckAdmins.into()),
                _ => Err(self.not_now(failure).await.into()),
            },
        }
    }

    /// Whoever is to be followed is no administrator of the chat, where nobody could ban him.
    async fn check_can_be_banned(&self, command: &Command, user: UserId) -> Result<(), Stop> {
        match self.telegram.member(command.chat_id, user).await {
            Ok(member) if member.is_admin() => Err(Reply::CannotFollow(CannotFollow::ChatAdmin).into()),
            Ok(_) => Ok(()),
            Err(failure) => match failure.reaction() {
                Reaction::RetryAfter(_) | Reaction::Retry | Reaction::StopEverything => Err(self.not_now(failure).await.into()),
                // Telegram knows no such member: then he is no administrator.
                _ => Ok(()),
            },
        }
    }

    async fn named(&self, command: &Command, name: &'static str) -> Result<Named, Stop> {
        match &command.target {
            Target::Person(person) => Ok(Named { id: person.id, name: Some(person.name()).filter(|name| !name.is_empty()) }),
            Target::Id(id) => {
                let profile = self.users.profiles([*id]).await?.remove(id);
                Ok(Named { id: *id, name: profile.map(|profile| profile.name()).filter(|name| !name.is_empty()) })
            }
            Target::Username(username) => match self.users.by_username(username).await? {
                Some(profile) => Ok(Named { id: profile.user_id, name: Some(profile.name()).filter(|name| !name.is_empty()) }),
                None => Err(Reply::UnknownUsername(username.clone()).into()),
            },
            Target::Unclear | Target::None => Err(Reply::WhoIsMeant(name).into()),
        }
    }

    async fn is_me(&self, bot: &str) -> Result<bool, NotNow> {
        let username = match self.username.get() {
            Some(username) => username,
            None => match self.telegram.username().await {
                Ok(username) => self.username.get_or_init(|| async { username }).await,
                Err(failure) => return Err(self.not_now(failure).await),
            },
        };
        Ok(username.eq_ignore_ascii_case(bot))
    }

    /// Answers where the command was given; in private where the bot may not write there.
    async fn answer(&self, command: &Command, text: String) -> Result<(), NotNow> {
        let mut message =
            OutgoingMessage { thread_id: command.thread_id, reply_to: command.message_id, ..OutgoingMessage::html(command.chat_id, text) };
        // Each mend takes something away, so this ends.
        loop {
            let Err(failure) = self.telegram.send(&message).await else { return Ok(()) };
            match failure.reaction() {
                Reaction::Mend(Mend::WithoutThread) if message.thread_id.is_some() => message.thread_id = None,
                Reaction::Mend(Mend::WithoutReply) if message.reply_to.is_some() => message.reply_to = None,
                Reaction::Mend(Mend::PlainText) if message.html => {
                    tracing::error!(%failure, "an answer's markup is wrong; it is sent as plain text");
                    message = OutgoingMessage { text: render::plain_text(&message.text), html: false, ..message };
                }
                Reaction::SendPrivately if message.chat_id == command.chat_id && !command.private => {
                    message = OutgoingMessage { chat_id: command.from.id.private_chat(), thread_id: None, reply_to: None, ..message };
                }
                Reaction::RetryAfter(_) | Reaction::Retry | Reaction::RetryFew | Reaction::StopEverything => {
                    return Err(self.not_now(failure).await);
                }
                Reaction::Fine => return Ok(()),
                // What was asked for is done; nobody can be told.
                _ => {
                    tracing::warn!(%failure, "a command's answer could not be sent");
                    return Ok(());
                }
            }
        }
    }

    /// Why the update is to come again after this failure.
    pub async fn not_now(&self, failure: Failure) -> NotNow {
        match failure.reaction() {
            Reaction::RetryAfter(seconds) => match self.blocked::<()>(seconds).await {
                Ok(()) => NotNow::Wait(i64::from(seconds)),
                Err(not_now) => not_now,
            },
            _ => NotNow::Failed(failure.into()),
        }
    }
}

fn subscription(command: &Command, user: UserId) -> Subscription {
    Subscription { admin_user_id: command.from.id, admin_chat_id: command.chat_id, source: Source::User(user) }
}

fn target_person(command: &Command) -> Option<&telegram::update::Person> {
    match &command.target {
        Target::Person(person) => Some(person),
        _ => None,
    }
}
