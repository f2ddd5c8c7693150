//! A headless Chromium, directed by WebDriver (W3C, "WebDriver"): of the protocol's sixty commands these dozen are used, each a request with JSON.

use super::ROOT;
use crate::aws_calls::http;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// How long something on the page may take: a busy machine has seconds of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key of an element in WebDriver's answers (section 12, "Elements").
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser, until the end of this.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

/// How large a screen, and whether its user likes it dark.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

pub const PHONE: Screen = Screen { width: 360, height: 740, dark: false };
pub const DESKTOP: Screen = Screen { width: 1280, height: 900, dark: false };

impl Screen {
    pub fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

/// A driver, and where it listens; `None`: there is none on this machine.
fn started() -> Result<Option<(Child, u16)>> {
    // It takes a port that is free in IPv6, and ends where somebody else has the same in IPv4.
    for _ in 0..5 {
        let mut command = Command::new("chromedriver");
        // A group of its own, which goes with it.
        let started = command.arg("--port=0").process_group(0).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut driver) = started else { return Ok(None) };
        let output = driver.stdout.take().context("it prints")?;
        let (told, port) = channel();
        std::thread::spawn(move || {
            let port = |line: String| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok();
            // Nobody may be waiting any more.
            BufReader::new(output).lines().map_while(Result::ok).find_map(port).map(|port| told.send(port).is_ok())
        });
        match port.recv_timeout(PATIENCE) {
            Ok(port) => return Ok(Some((driver, port))),
            Err(_) => {
                // It may have ended by itself.
                _ = driver.kill();
                driver.wait().context("chromedriver did not end")?;
            }
        }
    }
    bail!("chromedriver did not start")
}

impl Browser {
    /// `None`: there is no browser on this machine.
    pub async fn begin() -> Result<Option<Self>> {
        let Some((driver, port)) = started()? else { return Ok(None) };
        let mut browser = Self { driver, port, session: String::new() };
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            "--lang=en",
            // Nothing but the page's own requests.
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": { "args": arguments } } } });
        let answer = browser.send("POST", "/session", wanted).await;
        let Ok(answer) = answer else {
            println!("a browser did not start: {answer:?}");
            return Ok(None);
        };
        browser.session = format!("/session/{}", answer["sessionId"].as_str().context("a session has an id")?);
        Ok(Some(browser))
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        let request = http().request(method.parse()?, format!("http://127.0.0.1:{}{path}", self.port));
        let request = if method == "POST" { request.body(body.to_string()) } else { request };
        let answer = request.timeout(PATIENCE).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        let value: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        ensure!(status.is_success(), "{method} {path}: {}", value["value"]["message"]);
        Ok(value["value"].clone())
    }

    async fn does(&self, command: &str, body: Value) -> Result<Value> {
        self.send("POST", &format!("{}/{command}", self.session), body).await
    }

    /// Opens a page anew, even where only what is behind `#` is another.
    pub async fn open(&self, url: &str) -> Result<()> {
        self.does("url", json!({ "url": "about:blank" })).await?;
        self.does("url", json!({ "url": url })).await.map(drop)
    }

    pub async fn on(&self, screen: Screen) -> Result<()> {
        let Screen { width, height, dark } = screen;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.does("goog/cdp/execute", json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size })).await?;
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } },
            { "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.does("goog/cdp/execute", json!({ "cmd": "Emulation.setEmulatedMedia", "params": scheme })).await.map(drop)
    }

    /// What a script returns; `arguments[…]` are its arguments.
    pub async fn script(&self, script: &str, arguments: Value) -> Result<Value> {
        self.does("execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// What an asynchronous script hands to `arguments[0]`.
    pub async fn later(&self, script: &str) -> Result<Value> {
        self.does("execute/async", json!({ "script": script, "args": [] })).await
    }

    /// Asks until there is an answer.
    pub async fn wait<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
        let began = Instant::now();
        loop {
            match ask().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(error) if began.elapsed() > PATIENCE => return Err(error.context(format!("waiting for {what}"))),
                // Between two views an element goes.
                Err(_) => {}
            }
            if began.elapsed() > PATIENCE {
                self.keep("failed").await?;
                let text = self.script("return document.body.innerText", json!([])).await.unwrap_or_default();
                bail!("{what} is not there; the page says: {text}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The first element with this `data-test` that is seen and about `text`.
    async fn find(&self, name: &str, text: &str) -> Result<Option<String>> {
        let script = "const [name, text] = arguments; const all = [...document.querySelectorAll(`[data-test='${name}']`)]; \
                      return all.find(one => one.checkVisibility() && (one.closest('li') ?? one).innerText.includes(text)) ?? null";
        let found = self.script(script, json!([name, text])).await?;
        Ok(found[ELEMENT].as_str().map(str::to_owned))
    }

    pub async fn see(&self, name: &str) -> Result<String> {
        self.wait(name, async || self.find(name, "").await).await
    }

    /// The text of the first of this name.
    pub async fn text(&self, name: &str) -> Result<String> {
        let element = self.see(name).await?;
        let text = self.send("GET", &format!("{}/element/{element}/text", self.session), Value::Null).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the first of this name says so.
    pub async fn says(&self, name: &str, text: &str) -> Result<()> {
        self.wait(&format!("{text:?} in {name}"), async || Ok(self.text(name).await?.contains(text).then_some(()))).await
    }

    /// How many there are.
    pub async fn count(&self, name: &str) -> Result<u64> {
        let script = "return document.querySelectorAll(`[data-test='${arguments[0]}']`).length";
        self.script(script, json!([name])).await?.as_u64().context("a number")
    }

    /// A real click: where another element lies over it, it fails.
    pub async fn click(&self, name: &str) -> Result<()> {
        self.click_on(name, "").await
    }

    /// Clicks the first of this name that is about `text`: it, or the item of a list that it is in, says so.
    pub async fn click_on(&self, name: &str, text: &str) -> Result<()> {
        let click = async || {
            let Some(element) = self.find(name, text).await? else { return Ok(None) };
            self.does(&format!("element/{element}/click"), json!({})).await.map(Some)
        };
        self.wait(&format!("{name} of {text:?} to click"), click).await.map(drop)
    }

    pub async fn types(&self, name: &str, text: &str) -> Result<()> {
        let element = self.see(name).await?;
        self.does(&format!("element/{element}/value"), json!({ "text": text })).await.map(drop)
    }

    /// A PNG of what is on the screen.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        let png = self.send("GET", &format!("{}/screenshot", self.session), Value::Null).await?;
        Ok(STANDARD.decode(png.as_str().context("a picture")?)?)
    }

    /// Writes it to target/browser, for a look.
    pub async fn keep(&self, name: &str) -> Result<Vec<u8>> {
        let png = self.screenshot().await?;
        let folder = Path::new(ROOT).join("target/browser");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), &png)?;
        Ok(png)
    }
}

impl Drop for Browser {
    /// The session's end is the browser's; then the driver goes.
    fn drop(&mut self) {
        use std::io::Write;
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let request = format!("DELETE {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", self.session);
            let ended = stream.set_read_timeout(Some(Duration::from_secs(10))).and_then(|()| stream.write_all(request.as_bytes()));
            let ended = ended.and_then(|()| std::io::copy(&mut stream, &mut std::io::sink()));
            if let Err(error) = ended {
                println!("the browser did not end: {error}");
            }
        }
        // By the group: a browser whose session could not be ended is in it.
        let killed = Command::new("kill").args(["-9", "--", &format!("-{}", self.driver.id())]).status();
        if let Err(error) = killed.and_then(|_| self.driver.wait()) {
            println!("chromedriver did not end: {error}");
        }
    }
}
