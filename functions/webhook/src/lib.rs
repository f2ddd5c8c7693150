//! Every Telegram update in: commands, buttons and bans told apart and stored. Answered 2xx once safely stored, or when it can never be
//! understood; 503 only where Telegram's bringing it again can help. The [`web`] page of admins is the same by another door.

mod bot;
mod budget;
mod buttons;
mod communities;
mod formerly;
mod http;
mod joins;
mod look;
mod not_now;
mod once;
mod people;
mod undo;
mod web;

use aws::lambda::{self, Context};
use aws::queue::Queue;
use aws::store::analytics::Facts;
use aws::store::bans::Bans;
use aws::store::dialogue::Dialogue;
use aws::store::gateway::Gateway;
use aws::store::held::Held;
use aws::store::page::Wanted;
use aws::store::subscriptions::Subscriptions;
use aws::store::sync::Syncs;
use aws::store::users::Users;
use aws::tell::Teller;
use aws::{Aws, env, metrics, secrets, time};
use bot::Unanswered;
use budget::Budget;
use domain::ban::BanEvent;
use domain::chat::ChatState;
use domain::ids::{ChatId, UserId};
use domain::member::Action;
use domain::role::Role;
use domain::subscription::Source;
use http::{Request, Response, Secret};
use not_now::NotNow;
use std::sync::Arc;
use telegram::client::Client;
use telegram::reaction::Reaction;
use telegram::update::{self, AdminChange, BotMembership, Joined, Person, Update};
use tokio::sync::OnceCell;

/// Administrators of a chat: Telegram lets it have about 50.
const ADMINS: usize = 100;

struct Webhook {
    secret: Secret,
    aws: Aws,
    telegram: Client,
    /// The bot's own username, asked for once when a command names a bot or a link leads to it.
    username: OnceCell<String>,
    people: people::Cache,
    bans: Bans,
    subscriptions: Subscriptions,
    users: Users,
    gateway: Gateway,
    syncs: Syncs,
    dialogue: Dialogue,
    /// Takes what is to go from groups.
    notifications: Queue,
    teller: Teller,
    /// What is held on people besides.
    held: Held,
    /// The chat that is told of alarms.
    operators: Option<ChatId>,
    /// `None`: the host has nothing counted.
    facts: Option<Facts>,
}

/// Handles events until Lambda ends the process.
///
/// # Errors
/// A setting is missing or wrong, or what the function begins with cannot be read.
pub fn run() -> Result<(), lambda::Error> {
    lambda::run(
        |aws| async move {
            let api = env::required("TELEGRAM_API_URL")?;
            let names = [env::required("BOT_TOKEN_PARAMETER")?, env::required("WEBHOOK_SECRET_PARAMETER")?];
            let (telegram, secret) = secrets::keep(
                &aws,
                names,
                |[token, secret]| Ok((Client::new(&api, token)?, Secret::new(secret)?)),
                |(telegram, kept), [token, secret]| {
                    // One that is wrong does not keep the other from being taken.
                    kept.set(secret).and(telegram.set_token(token).map_err(Into::into))
                },
            )
            .await?;
            let gateway = Gateway::from_env(&aws)?;
            gateway.connect().await;
            Ok(Webhook {
                secret,
                telegram,
                username: OnceCell::new(),
                people: people::Cache::default(),
                bans: Bans::new(&aws, env::required("BANS_TABLE")?),
                subscriptions: Subscriptions::new(&aws, env::required("SUBSCRIPTIONS_TABLE")?),
                users: Users::new(&aws, env::required("USERS_TABLE")?),
                syncs: Syncs::new(&aws, env::required("SYNC_TABLE")?),
                dialogue: Dialogue::new(&aws, env::required("GATEWAY_TABLE")?),
                notifications: Queue::new(&aws, env::required("NOTIFICATION_QUEUE_URL")?),
                teller: Teller::new(&aws, &env::required("NOTIFICATIONS_TABLE")?, env::required("NOTIFICATION_QUEUE_URL")?),
                held: Held::new(&aws, env::required("BANS_TABLE")?, env::required("NOTIFICATIONS_TABLE")?),
                operators: env::optional("OPERATORS_CHAT").and_then(|chat| chat.parse().ok()).filter(|chat| *chat != 0).map(ChatId),
                facts: env::optional("ANALYTICS_TABLE").map(|table| Facts::new(&aws, table)),
                gateway,
                aws,
            })
        },
        receive,
    )
}

async fn receive(webhook: Arc<Webhook>, request: Request, context: Context) -> anyhow::Result<Response> {
    if web::is_ours(request.path()) {
        return Ok(Budget::until(context.deadline).scope(webhook.web(&request)).await);
    }
    if !webhook.secret.is_in(&request) {
        // It may have been changed, and Telegram told of it.
        secrets::doubt(&webhook.aws).await;
        if !webhook.secret.is_in(&request) {
            return Ok(Response::unauthorized());
        }
    }
    let update = request.body().ok().and_then(|body| update::read(&body, webhook.telegram.bot(), time::now()).ok());
    let Some(update) = update else {
        // Telegram would bring it for a day and hold back what comes after it.
        metrics::count("updates_unreadable_total", None, 1);
        return Ok(Response::ok());
    };
    Ok(match Budget::until(context.deadline).scope(webhook.handle(update)).await {
        Ok(()) => Response::ok(),
        Err(NotNow::Never(error)) => {
            tracing::error!(error = format!("{error:#}"), "an update can never be handled; it is given up");
            Response::ok()
        }
        Err(NotNow::Wait(seconds)) => Response::unavailable(seconds),
        Err(NotNow::Failed(error)) => {
            tracing::error!(error = format!("{error:#}"), "an update could not be handled; Telegram brings it again");
            Response::unavailable(1)
        }
    })
}

impl Webhook {
    async fn handle(&self, update: Update) -> Result<(), NotNow> {
        match update {
            Update::NotForUs => Ok(()),
            Update::Ban(event) => Ok(self.ban(*event).await?),
            Update::Admin(change) => Ok(self.admin(*change).await?),
            Update::BotMembership(membership) => self.bot_membership(&membership).await,
            Update::PrivateChat { user, may_write } => Ok(self.users.set_can_write(user, may_write).await?),
            Update::Migrated { from, to, title } => Ok(self.users.migrated(from, to, title.as_deref()).await?),
            Update::Community(change) => Ok(self.community(&change).await?),
            Update::Command(command) => {
                if !command.private {
                    self.first_word(&Joined::by_a_word(command.chat_id, command.from.id, command.update_id.unwrap_or_default())).await?;
                }
                let unanswered = Unanswered::by_command(&command);
                let handled = self.command(*command).await;
                self.or_give_up(&unanswered, handled).await
            }
            Update::Button(press) => {
                let handled = self.pressed(&press).await;
                self.or_give_up(&Unanswered::by_press(&press), handled).await
            }
            Update::Wrote(wrote) => {
                let unanswered = Unanswered::by_words(&wrote);
                let handled = self.wrote(*wrote).await;
                self.or_give_up(&unanswered, handled).await
            }
            Update::Joined(joined) => self.joined(&joined).await,
            Update::Seen(person, came) => {
                self.saw(&person).await?;
                match came {
                    Some(came) => self.first_word(&came).await,
                    None => Ok(()),
                }
            }
        }
    }

    /// The author of a message is in the chat. Looked at once a minute.
    async fn first_word(&self, came: &Joined) -> Result<(), NotNow> {
        if !self.people.is_first_word(came.chat_id, came.user_id, time::now()) {
            return Ok(());
        }
        match self.joined(came).await {
            // All that is said in the chat would wait behind this word, and another one is looked at in a minute.
            Err(NotNow::Failed(error)) if budget::is_spent() => {
                tracing::error!(error = format!("{error:#}"), chat_id = came.chat_id.0, "a word is left as it is");
                Ok(())
            }
            done => done,
        }
    }

    /// A name that is missed now comes again with the next message: no reason to hold back the chat's updates.
    async fn saw(&self, person: &Person) -> Result<(), NotNow> {
        if let Err(error) = self.people.seen(&self.users, person).await {
            tracing::warn!(error = format!("{error:#}"), "a profile could not be written");
        }
        Ok(())
    }

    async fn bot_membership(&self, membership: &BotMembership) -> Result<(), NotNow> {
        let Some(state) = ChatState::of_bot(&membership.bot) else { return Ok(()) };
        self.users.set_membership(membership.chat_id, membership.title.as_deref(), state, &membership.occurred).await?;
        if state != ChatState::Active {
            return Ok(());
        }
        match self.meet_admins(membership.chat_id).await {
            Err(NotNow::Failed(error)) => {
                tracing::warn!(error = format!("{error:#}"), chat_id = membership.chat_id.0, "a chat's administrators are not all known");
                Ok(())
            }
            // Brought again: an administrator of before would stay one.
            met => met,
        }
    }

    /// Who was an administrator before the bot came is told by no update. What is missed here is noted when he asks for something.
    async fn meet_admins(&self, chat: ChatId) -> Result<(), NotNow> {
        let wait = self.gateway.blocked_for_ms().await?;
        if wait > 0 {
            return Err(NotNow::of_ms(wait));
        }
        let admins = match self.telegram.admins(chat).await {
            Ok(admins) => admins,
            Err(failure) => {
                if let Reaction::RetryAfter(seconds) = failure.reaction() {
                    self.gateway.block_calls(seconds).await?;
                    return Err(NotNow::Wait(seconds.into()));
                }
                return Err(NotNow::Failed(failure.into()));
            }
        };
        for admin in admins.iter().filter(|admin| !admin.person.is_bot) {
            let (user, role) = (admin.person.id, Role::of(&admin.member));
            // While the bot was no administrator, no update told of changes.
            let known = self.users.admin(chat, user).await?;
            if known.as_ref().is_none_or(|known| known.role() != role) {
                self.users.observe_role(chat, user, role, known.as_ref()).await?;
            }
        }
        let listed = |user: UserId| admins.iter().any(|admin| admin.person.id == user);
        let known = self.users.admins(chat, &Wanted { limit: ADMINS, cursor: None }).await.map_err(anyhow::Error::from)?;
        for known in known.items {
            if !listed(known.user_id) {
                self.users.observe_role(chat, known.user_id, None, Some(&known)).await?;
            }
        }
        Ok(())
    }

    /// A role that ended by a ban is both. Either may be told again.
    async fn admin(&self, change: AdminChange) -> anyhow::Result<()> {
        if let Some(ban) = change.ban {
            self.ban(ban).await?;
        }
        if change.role.is_some() {
            self.gateway.forget_refusal(change.chat_id, change.user_id).await?;
        }
        self.users.set_role(change.chat_id, change.user_id, change.role, &change.occurred).await
    }

    /// One query, one conditional write.
    async fn ban(&self, mut event: BanEvent) -> anyhow::Result<()> {
        event.tracked = event.may_be_tracked(time::now()) && self.is_anybodys(&event).await?;
        if let Some(event) = self.bans.insert(event).await? {
            metrics::count("ban_events_processed_total", Some(("event_type", event.event_type.name())), 1);
            let UserId(user) = event.user_id;
            tracing::info!(correlation_id = %event.event_id, chat_id = event.chat_id.0, user_id = user, event_type = event.event_type.name(), tracked = event.tracked, "ban event stored");
        }
        Ok(())
    }

    /// Does anybody follow the person? A lift goes where we banned, whoever follows now.
    async fn is_anybodys(&self, event: &BanEvent) -> anyhow::Result<bool> {
        Ok(self.subscriptions.is_followed(Source::User(event.user_id)).await?
            || event.event_type == Action::Unban && self.syncs.is_about(event.user_id).await?)
    }

    async fn is_me(&self, bot: &str) -> Result<bool, NotNow> {
        Ok(self.my_name().await?.eq_ignore_ascii_case(bot))
    }

    /// The link that adds the bot to a group, and asks its admins for the rights that the bot needs (Bot API, "Deep linking").
    async fn link_to_a_group(&self) -> Result<String, NotNow> {
        Ok(format!("https://t.me/{}?startgroup=true&admin=restrict_members+invite_users+delete_messages", self.my_name().await?))
    }

    /// The bot's own username.
    async fn my_name(&self) -> Result<&str, NotNow> {
        if let Some(username) = self.username.get() {
            return Ok(username);
        }
        self.may_call().await?;
        match self.telegram.username().await {
            Ok(username) => Ok(self.username.get_or_init(|| async { username }).await),
            Err(failure) => Err(self.not_now(failure).await),
        }
    }
}
