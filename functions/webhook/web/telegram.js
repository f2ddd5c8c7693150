// What Telegram says to a Mini App and hears from it, without Telegram's own script: that one comes from another host.

const HOME = 'https://web.telegram.org';
const STORED = 'bansync.launch';
const COLOUR = /^#[0-9a-f]{6}$/i;

const listeners = new Map();
const insets = { safe_area_changed: {}, content_safe_area_changed: {} };
let inside = false;

// Launch

/** What the page was opened with: `{data, theme, start}`. It leaves the address, so that nobody copies it from there. */
export function launch() {
  const given = parameters();
  if (!given.has('tgWebAppData')) return { ...remembered(), start: null };
  const data = given.get('tgWebAppData');
  const said = { data, theme: json(given.get('tgWebAppThemeParams')), platform: given.get('tgWebAppPlatform') };
  remember(said);
  history.replaceState(null, '', location.pathname);
  const start = given.get('tgWebAppStartParam') ?? new URLSearchParams(data).get('start_param');
  return { ...said, start };
}

function parameters() {
  const all = new URLSearchParams(location.hash.slice(1));
  const query = new URLSearchParams(location.search).get('tgWebAppStartParam');
  if (query && !all.has('tgWebAppStartParam')) all.set('tgWebAppStartParam', query);
  return all;
}

/** The language that Telegram tells of the person. */
export function languageOf(data) {
  return json(new URLSearchParams(data ?? '').get('user'))?.language_code ?? null;
}

function remembered() {
  try {
    return json(sessionStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}

// A browser may keep storage from a page in a frame; then it asks for the bot's link after a reload.
function remember(said) {
  try {
    sessionStorage.setItem(STORED, JSON.stringify(said));
  } catch { /* As above. */ }
}

export function forget() {
  remember({});
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Events

function post(event, data = {}) {
  if (window.TelegramWebviewProxy) window.TelegramWebviewProxy.postEvent(event, JSON.stringify(data));
  else if (window.parent !== window) window.parent.postMessage(JSON.stringify({ eventType: event, eventData: data }), HOME);
}

function receive(event, data) {
  listeners.get(event)?.(data ?? {});
}

function hear({ origin, source, data }) {
  if (origin !== HOME || source !== window.parent || typeof data !== 'string') return;
  const said = json(data);
  if (typeof said?.eventType === 'string') receive(said.eventType, said.eventData);
}

/** Begins to talk to Telegram. */
export function start({ theme, platform }) {
  inside = Boolean(window.TelegramWebviewProxy) || window.parent !== window || Boolean(platform);
  window.Telegram = { WebView: { receiveEvent: receive } };
  window.TelegramGameProxy = { receiveEvent: receive };
  window.TelegramGameProxy_receiveEvent = receive;
  window.addEventListener('message', hear);
  listeners.set('theme_changed', (said) => paint(said.theme_params));
  for (const event of Object.keys(insets)) listeners.set(event, (said) => inset(event, said));
  followSystem();
  if (theme) paint(theme);
  post('web_app_ready');
  post('web_app_expand');
  post('web_app_set_header_color', { color_key: 'secondary_bg_color' });
  for (const what of ['theme', 'safe_area', 'content_safe_area']) post(`web_app_request_${what}`);
}

export function isInside() {
  return inside;
}

/** Shows Telegram's own button to go back, or hides it. */
export function backButton(act) {
  listeners.set('back_button_pressed', act ?? (() => {}));
  post('web_app_setup_back_button', { is_visible: Boolean(act) });
}

// Room for the clock, the buttons of a full screen, and the like

function inset(event, said) {
  insets[event] = said;
  for (const side of ['top', 'bottom', 'left', 'right']) {
    const room = Object.values(insets).reduce((sum, area) => sum + (Number(area[side]) || 0), 0);
    document.documentElement.style.setProperty(`--inset-${side}`, `${room}px`);
  }
}

// Colours

/** Follows the device, until Telegram names colours. */
export function followSystem() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => { if (!document.documentElement.dataset.painted) setTheme(dark.matches); };
  dark.addEventListener('change', follow);
  follow();
}

export function theme() {
  return document.documentElement.dataset.theme;
}

function setTheme(dark) {
  const root = document.documentElement;
  const next = dark ? 'dark' : 'light';
  if (root.dataset.theme === next) return;
  root.dataset.theme = next;
  document.dispatchEvent(new Event('themechange'));
}

function paint(said) {
  const colours = Object.fromEntries(Object.entries(said ?? {}).filter(([, value]) => COLOUR.test(value)));
  if (!colours.bg_color || !colours.text_color) return;
  document.documentElement.dataset.painted = 'yes';
  setTheme(luminance(colours.bg_color) < 0.4);
  for (const [property, value] of Object.entries(palette(colours))) {
    if (value) document.documentElement.style.setProperty(`--${property}`, value);
    else document.documentElement.style.removeProperty(`--${property}`);
  }
}

/** Themes of Telegram are often faint: small print is brought to the contrast that WCAG AA wants. */
function palette(colours) {
  const card = colours.section_bg_color ?? colours.bg_color;
  const page = colours.secondary_bg_color ?? colours.bg_color;
  const legible = (colour) => colour && apart(colour, [card, page], colours.text_color);
  const ink = colours.button_text_color ?? '#ffffff';
  return {
    card,
    page,
    text: colours.text_color,
    hint: legible(colours.hint_color ?? colours.subtitle_text_color),
    link: legible(colours.link_color ?? colours.accent_text_color),
    danger: legible(colours.destructive_text_color),
    button: colours.button_color && apart(colours.button_color, [ink], luminance(ink) > 0.4 ? '#000000' : '#ffffff'),
    'button-text': colours.button_color && ink,
  };
}

/** `colour`, moved towards `to` until it stands out from all of `from`. */
function apart(colour, from, to) {
  for (let part = 0; part < 1; part += 0.05) {
    const moved = mix(colour, to, part);
    if (from.every((other) => contrast(moved, other) >= 4.6)) return moved;
  }
  return to;
}

function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function mix(one, other, part) {
  const others = channels(other);
  const mixed = channels(one).map((value, index) => Math.round(value + (others[index] - value) * part));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function luminance(colour) {
  const [red, green, blue] = channels(colour).map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}
