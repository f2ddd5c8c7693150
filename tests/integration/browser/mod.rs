//! The web page in a real browser, against the deployed stack. Skipped where there is no Chromium.
//!
//! # Layout
//! - here: what admins and operators do there
//! - [`driver`]: the browser; [`pictures`]: what it shows

mod driver;
mod pictures;

use crate::play::{PATIENCE, Play};
use crate::stack::skipped;
use anyhow::{Context, Result, ensure};
use domain::ids::{ChatId, UserId};
use domain::settings::{ChatChange, ShareBans};
use domain::subscription::{Mode, Source, Subscription};
use driver::{Browser, DESKTOP, PHONE, Screen};
use pictures::assert_alike;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::sync::Mutex;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

const NO_BROWSER: &str = "there is no chromium with chromedriver on this machine";

/// A browser takes most of a small machine: one at a time.
static ONE: Mutex<()> = Mutex::const_new(());

/// What would be code, were it not shown as text.
const XSS: &str = "<img src=x onerror=\"document.title='XSS'\">Club";

impl Play {
    fn page(&self, name: &str) -> Result<String> {
        Ok(format!("{}/app/{name}", self.stack.api_url.as_deref().context("the stack has an API")?))
    }

    /// The admins' page as Telegram opens it.
    async fn mini_app(&self, user: i64) -> Result<String> {
        self.opened_with(&self.telegram.open_web_app(user, None, None).await?)
    }

    fn opened_with(&self, data: &str) -> Result<String> {
        let fragment: String = form_urlencoded::Serializer::new(String::new()).append_pair("tgWebAppData", data).finish();
        Ok(format!("{}#{fragment}", self.page("admin")?))
    }
}

/// The source of axe-core, which judges whether everybody can use a page.
fn axe() -> Option<PathBuf> {
    let libraries = Path::new(ROOT).join("target/local/venv-axe/lib");
    let python = std::fs::read_dir(libraries).ok()?.filter_map(Result::ok).next()?.path();
    Some(python.join("site-packages/axe_playwright_python/axe.min.js")).filter(|file| file.is_file())
}

/// Nothing on the page keeps anybody from using it, by the rules of WCAG 2 A and AA that a program can check.
async fn is_for_everybody(browser: &Browser, view: &str) -> Result<()> {
    let Some(axe) = axe() else { return skipped("axe-core is not installed") };
    browser.script(&std::fs::read_to_string(axe)?, json!([])).await?;
    let found = browser
        .later("const done = arguments[0]; axe.run(document).then(found => done(found.violations), error => done(String(error)))")
        .await?;
    let told = |violation: &Value| format!("{}: {} {}", violation["id"], violation["help"], violation["nodes"][0]["html"]);
    let violations: Vec<_> = found.as_array().with_context(|| found.to_string())?.iter().map(told).collect();
    ensure!(violations.is_empty(), "{view}: {violations:#?}");
    Ok(())
}

/// The same in light and dark, and nothing is wider than the screen.
async fn is_fine(browser: &Browser, view: &str) -> Result<()> {
    for screen in [PHONE, DESKTOP.dark()] {
        browser.on(screen).await?;
        is_for_everybody(browser, &format!("{view} on {screen:?}")).await?;
        let wider = browser.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth", json!([])).await?;
        ensure!(wider.as_i64() <= Some(0), "{view} on {screen:?} is {wider} wider than the screen");
    }
    Ok(())
}

async fn looks_as_it_did(browser: &Browser, name: &str, screen: Screen) -> Result<()> {
    browser.on(screen).await?;
    // Neither a passing word nor figures of other tests.
    let still = "window.scrollTo(0, 0); const hidden = new CSSStyleSheet(); hidden.replaceSync('main img, #status { visibility: hidden }'); \
                 document.adoptedStyleSheets = [hidden]";
    browser.script(still, json!([])).await?;
    assert_alike(name, &browser.keep(name).await?)
}

#[tokio::test]
async fn whoever_was_not_sent_by_this_bot_just_now_is_shown_the_way_to_it() -> Result<()> {
    let play = Play::begin().await?;
    let _one = ONE.lock().await;
    let Some(browser) = Browser::begin().await? else { return skipped(NO_BROWSER) };
    let boris = play.admin("Boris", "en").await?;
    let open = async |at, token| play.telegram.open_web_app(boris, at, token).await;
    let good = open(None, None).await?;
    for (data, why) in [
        (good.replace(&boris.to_string(), &(boris + 1).to_string()), "forged"),
        (open(Some(aws::time::now() - 4000), None).await?, "old"),
        (open(None, Some("8000000001:another")).await?, "another bot's"),
    ] {
        browser.open(&play.opened_with(&data)?).await?;
        let told = browser.text("signed-out").await.context(why)?;
        assert!(told.contains("bot"), "{why}: {told}");
    }
    browser.open(&play.page("admin")?).await?;
    browser.see("signed-out").await?;
    is_fine(&browser, "signed out").await?;

    browser.open(&play.opened_with(&good)?).await?;
    browser
        .wait("the page of somebody without chats", async || {
            let text = browser.script("return document.querySelector('main').innerText", json!([])).await?;
            Ok(text.as_str().is_some_and(|text| text.contains("Boris")).then_some(()))
        })
        .await?;
    let fragment = browser.script("return location.hash", json!([])).await?;
    assert_eq!(fragment, "", "what signs in does not stay in the address");
    Ok(())
}

#[tokio::test]
async fn an_admin_does_on_the_page_what_they_do_in_the_bot() -> Result<()> {
    let play = Play::begin().await?;
    let _one = ONE.lock().await;
    let Some(browser) = Browser::begin().await? else { return skipped(NO_BROWSER) };
    let (alice, boris) = (play.admin("Alice", "en").await?, play.admin("Boris", "en").await?);
    let (mallory, trudy, nick) = (play.person("Mallory").await?, play.person("<b>Trudy</b>").await?, play.person("Nick").await?);
    let (source, target) = (play.chat("Book club", alice, &[mallory, trudy]).await?, play.chat("Chess club", boris, &[mallory]).await?);
    let share = ChatChange { share_bans: Some(ShareBans::Full), ..ChatChange::default() };
    play.users.choose_for_chat(ChatId(source), &share).await?;
    play.chat(XSS, boris, &[]).await?;
    for person in [mallory, trudy] {
        play.telegram.say(source, person, "hello").await?;
    }
    play.telegram.wait_until_accepted(PATIENCE).await?;
    play.follow(target, boris, mallory, Mode::Confirm).await?;
    play.follow(target, boris, trudy, Mode::Auto).await?;
    let event = play.ban(source, alice, trudy).await?;
    play.sync_of(&event).await?;
    play.ban(source, alice, mallory).await?;
    play.telegram.wait_until_sees(boris, "Ban them in", PATIENCE).await?;

    browser.on(PHONE).await?;
    browser.open(&play.mini_app(boris).await?).await?;
    browser.says("chat", XSS).await.context("a title is shown as text")?;
    is_fine(&browser, "chats").await?;

    browser.on(PHONE).await?;
    browser.click_on("chat", "Chess club").await?;
    browser.says("question", "Mallory").await?;
    is_fine(&browser, "questions").await?;
    looks_as_it_did(&browser, "question-phone", PHONE).await?;
    browser.click("choice-ban").await?;
    play.telegram.wait_until_banned(target, mallory, PATIENCE).await?;

    browser.click("tab-people").await?;
    browser.see("person").await?;
    browser.types("who", &nick.to_string()).await?;
    browser.click("follow").await?;
    let followed = Subscription { admin_user_id: UserId(boris), admin_chat_id: ChatId(target), source: Source::User(UserId(nick)) };
    let active = async || Ok(play.subscriptions.get(&followed).await?.is_some_and(|item| item.is_active).then_some(()));
    browser.wait("Nick to be followed", active).await?;
    browser.wait("three people", async || Ok((browser.count("person").await? == 3).then_some(()))).await?;
    is_fine(&browser, "people").await?;

    browser.on(PHONE).await?;
    browser.click("tab-history").await?;
    browser.see("happened").await?;
    is_fine(&browser, "history").await?;
    looks_as_it_did(&browser, "history-desktop-dark", DESKTOP.dark()).await?;
    browser.on(PHONE).await?;
    browser.click_on("undo", "<b>Trudy</b>").await?;
    browser.click("confirm").await?;
    play.telegram.wait_until_not_banned(target, trudy, PATIENCE).await?;

    browser.on(PHONE).await?;
    browser.click("tab-settings").await?;
    browser.click("set-sync_unban").await?;
    let changed = async || Ok(play.users.chat(ChatId(target)).await?.filter(|chat| chat.settings.sync_unban));
    browser.wait("the setting to be changed", changed).await?;
    is_fine(&browser, "settings").await?;
    looks_as_it_did(&browser, "settings-phone-dark", PHONE.dark()).await?;

    browser.on(PHONE).await?;
    browser.click("tab-sources").await?;
    browser.says("source", &source.to_string()).await?;
    is_fine(&browser, "sources").await?;
    browser.click("block").await?;
    let blocked = async || {
        let chat = play.users.chats([ChatId(target)]).await?.remove(&ChatId(target));
        Ok(chat.filter(|chat| chat.ignores.sources.contains(&ChatId(source))))
    };
    browser.wait("the source to be blocked", blocked).await?;

    browser.click("tab-charts").await?;
    let drawn = "return [...document.querySelectorAll('main img')].filter(image => image.naturalWidth > 100 && image.alt).length";
    browser.wait("three charts", async || Ok((browser.script(drawn, json!([])).await? == 3).then_some(()))).await?;
    is_fine(&browser, "charts").await?;

    // As `?startapp=chat_…` opens it, in a client with dark colours: that chat at once, in these colours, whatever the system likes.
    let mut launch = form_urlencoded::Serializer::new(String::new());
    launch.append_pair("tgWebAppData", &play.telegram.open_web_app(boris, None, None).await?);
    launch.append_pair("tgWebAppStartParam", &format!("chat_{}", target.unsigned_abs()));
    launch.append_pair("tgWebAppThemeParams", r##"{"bg_color":"#101418","text_color":"#f5f5f5","secondary_bg_color":"#000000"}"##);
    browser.on(PHONE).await?;
    browser.open(&format!("{}#{}", play.page("admin")?, launch.finish())).await?;
    browser.see("tab-people").await?;
    let look = browser.script("return [document.querySelector('h1').innerText, document.documentElement.dataset.theme]", json!([])).await?;
    assert_eq!(look, json!(["Chess club", "dark"]));
    is_for_everybody(&browser, "in Telegram's colours").await?;

    let code = browser.script("return [document.title, document.querySelectorAll(\"img[src='x']\").length]", json!([])).await?;
    assert!(code[0].as_str().is_some_and(|title| title != "XSS") && code[1] == 0, "{code}");
    Ok(())
}

#[tokio::test]
async fn an_operator_reads_the_dashboard_while_syncs_run() -> Result<()> {
    let play = Play::begin().await?;
    let _one = ONE.lock().await;
    let Some(browser) = Browser::begin().await? else { return skipped(NO_BROWSER) };
    let pair = play.pair(Mode::Auto).await?;
    play.ban(pair.source, pair.alice, pair.mallory).await?;
    let key = play.key(&["analytics:read"], None).await?;

    browser.on(DESKTOP).await?;
    browser.open(&play.page("operators")?).await?;
    is_fine(&browser, "signing in").await?;
    browser.types("key", "bansync_not_a_key").await?;
    browser.click("sign-in").await?;
    browser.see("error").await?;
    browser.script("document.querySelector(\"[data-test='key']\").value = ''", json!([])).await?;
    browser.types("key", key.reveal()).await?;
    browser.click("sign-in").await?;
    for panel in ["panel-overview", "panel-timeline", "panel-top", "panel-slowest", "panel-queues", "panel-cost"] {
        browser.see(panel).await?;
    }
    browser.says("panel-queues", "notification_dlq").await?;
    browser.says("panel-cost", "$").await?;
    let drawn =
        "return [...document.querySelectorAll(\"[data-test='panel-timeline'] img\")].filter(image => image.naturalWidth > 100).length";
    browser.wait("the timeline", async || Ok((browser.script(drawn, json!([])).await?.as_u64() >= Some(1)).then_some(()))).await?;
    is_fine(&browser, "dashboard").await?;
    looks_as_it_did(&browser, "dashboard-desktop", DESKTOP).await?;

    // A key without the scope is told so, and nothing of it is left in the browser.
    let other = play.key(&["users:read"], None).await?;
    browser.open(&play.page("operators")?).await?;
    browser.types("key", other.reveal()).await?;
    browser.click("sign-in").await?;
    browser.says("panel-overview", "analytics:read").await?;
    let kept = browser.script("return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])", json!([])).await?;
    assert!(kept.as_str().is_some_and(|kept| !kept.contains(other.reveal())), "{kept}");
    Ok(())
}
