//! The bot in whose name Telegram is called.

use aws::{Aws, env, secrets};
use telegram::client::Client;

/// A client that goes on with the bot's new token where it gets one.
pub async fn client(aws: &Aws) -> anyhow::Result<Client> {
    let api = env::required("TELEGRAM_API_URL")?;
    secrets::keep(
        aws,
        [env::required("BOT_TOKEN_PARAMETER")?],
        |[token]| Ok(Client::new(&api, token)?),
        |client, [token]| Ok(client.set_token(token)?),
    )
    .await
}
