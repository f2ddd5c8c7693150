// The admins' page: their chats, and what is done in each of them.

import { adminSession } from './api.js';
import * as telegram from './telegram.js';
import { LANGS, date, duration, lang, plural, speak, t } from './texts.js';
import {
  Pictures, button, change, choice, confirmed, failure, fill, focusOn, h, keepingFocus, list, loading, mixed, name, say, select, top,
} from './ui.js';

const TABS = ['questions', 'people', 'sources', 'history', 'settings', 'charts'];
const PERIODS = ['day', 'week', 'month', 'year'];
const CHARTS = ['bans', 'results', 'sources'];
const MODES = ['auto', 'confirm', 'notify'];
const ABOUT = ['ban', 'new_source', 'held', 'flooded'];
const FILTERS = ['all', 'ban', 'unban', 'kick'];
const WEEK = 604_800;

const main = document.getElementById('main');
const pictures = new Pictures();
const launch = telegram.launch();

let session = null;
let user = null;
let chosenLang = storedLang();
/** What is on the screen now: a function that draws it anew. */
let draw = () => {};
/** Counts what was on the screen: an answer that comes after its view has gone is left alone. */
let visit = 0;
/** The chat that is open, and the tab of it. */
let chat = null;
let tab = 'questions';
let stale = false;
let period = 'week';
let filter = 'all';

// Beginning

function begin() {
  speak(chosenLang ?? telegram.languageOf(launch.data) ?? navigator.language);
  telegram.start(launch);
  header();
  window.addEventListener('hashchange', () => { if (location.hash.includes('tgWebAppData=')) location.reload(); });
  // After a reload the list is shown, whatever was open before.
  history.replaceState(null, '', location.pathname + location.search);
  window.addEventListener('popstate', wentTo);
  document.addEventListener('themechange', () => { if (chat && tab === 'charts') drawPanel(); });
  if (launch.data) signIn();
  else showSignedOut('sign-in', t('open-from-bot'));
}

/** The browser's own buttons. Whoever is signed out stays where that is said. */
function wentTo({ state }) {
  if (!session?.token) return;
  if (state?.chat) openChat(state.chat);
  else openChats();
}

async function signIn() {
  const mine = show(t('chats'), loading());
  session = adminSession(launch.data, { greeted, signedOut });
  try {
    await session.renew();
    await openFirst();
  } catch (error) {
    if (mine === visit) fill(main, heading(t('sign-in')), failure(error, signIn));
  }
}

function greeted(said) {
  const renewed = Boolean(user);
  user = said.user;
  if (renewed || chosenLang || !said.lang || said.lang === lang()) return;
  speak(said.lang);
  header();
}

function signedOut() {
  telegram.forget();
  showSignedOut('signed-out', t('open-again'));
}

function showSignedOut(title, text) {
  chat = null;
  telegram.backButton(null);
  show(t(title), heading(t(title)), h('p', { class: 'card', test: 'signed-out' }, text));
  draw = () => showSignedOut(title, t(title === 'sign-in' ? 'open-from-bot' : 'open-again'));
}

/** The chat that the link names, or else the list. */
function openFirst() {
  const [, digits] = /^chat_(\d+)$/.exec(launch.start ?? '') ?? [];
  return digits ? openChat(`-${digits}`) : openChats();
}

// The frame of every view

function header() {
  top('Bansync', pickLang);
}

function pickLang(code) {
  chosenLang = code;
  try {
    sessionStorage.setItem('bansync.lang', code);
  } catch { /* Then it holds until the page is left. */ }
  speak(code);
  say('');
  keepingFocus(header, () => null);
  draw();
}

function storedLang() {
  try {
    return sessionStorage.getItem('bansync.lang');
  } catch {
    return null;
  }
}

function heading(...text) {
  return h('h1', { tabindex: -1 }, text);
}

/** Puts a view in the place of another. */
function show(title, ...nodes) {
  pictures.clear();
  // Neither an open question nor "Try again" may act on a view that is not there any more.
  document.querySelector('dialog')?.close();
  say('');
  document.title = `${title} · Bansync`;
  fill(main, nodes);
  // The buttons for languages keep the focus: whoever pressed one may want the other.
  if (!document.activeElement?.dataset.key?.startsWith('lang-')) focusOn(main.querySelector('h1'));
  window.scrollTo(0, 0);
  visit += 1;
  return visit;
}

/** Shows that something loads, then what came, or what went wrong. */
async function load(place, get, put) {
  const mine = visit;
  fill(place, loading());
  try {
    const got = await get();
    if (mine === visit && place.isConnected) put(got);
  } catch (error) {
    if (mine === visit && place.isConnected) fill(place, failure(error, () => load(place, get, put)));
  }
}

/**
 * A change in the chat that is open. `run` gets a function that says whether the view is still the same: an answer that comes
 * when another one is open is neither put there nor told there.
 */
function act(control, run) {
  const mine = visit;
  const still = () => mine === visit;
  return change(control, () => run(still), still);
}

function personName({ id, name: called }) {
  return called || t('unnamed', { id });
}

function chatName({ id, title }) {
  return title || t('untitled', { id });
}

// The chats

async function openChats() {
  chat = null;
  draw = openChats;
  telegram.backButton(null);
  const place = h('div', { class: 'stack' });
  show(t('chats'), heading(t('chats')), h('p', { class: 'hint' }, t('chats-intro')), place);
  await load(place, () => session.call('GET', 'api/chats'), ({ chats }) => fill(place, chatList(chats), signedInAs()));
}

function chatList(chats) {
  if (!chats.length) return h('p', { class: 'card' }, t('chats-empty'));
  return h('ul', { class: 'list card chats' }, chats.map((each) => h('li', {},
    h('button', { type: 'button', class: 'line', test: 'chat', onclick: () => goTo(each.id) },
      h('span', { class: 'grow' }, name(chatName(each))),
      each.state === 'suspended' && h('span', { class: 'badge warn' }, t('paused'))))));
}

function signedInAs() {
  return user && h('p', { class: 'hint small' }, mixed('signed-in-as', { name: name(personName(user)) }));
}

/** Opens a chat so that the browser's own button leads back. Telegram has one of its own. */
function goTo(id) {
  if (!telegram.isInside()) history.pushState({ chat: id }, '');
  tab = 'questions';
  openChat(id);
}

function goBack() {
  if (history.state?.chat) history.back();
  else openChats();
}

// A chat

async function openChat(id) {
  chat = null;
  draw = () => openChat(id);
  telegram.backButton(goBack);
  const place = h('div', { class: 'stack' });
  show(t('loading'), backButton(), heading(t('untitled', { id })), place);
  await load(place, () => session.call('GET', chatPath(id)), showChat);
}

function backButton() {
  return button(`‹ ${t('back')}`, { class: 'plain back', test: 'back' }, goBack);
}

function chatPath(id, ...rest) {
  return ['api/chats', ...[id, ...rest].map(encodeURIComponent)].join('/');
}

function call(method, rest, options) {
  return session.call(method, chatPath(chat.id, ...rest), options);
}

function showChat(got) {
  chat = got;
  stale = false;
  filter = 'all';
  show(chatName(chat), backButton(), heading(name(chatName(chat))), notes(), tabList(), panel());
  drawPanel();
}

function notes() {
  return h('div', { class: 'stack' },
    chat.state === 'suspended' && h('p', { class: 'note warn' }, t('paused-note')),
    !chat.may_ban && h('p', { class: 'note', id: 'may-not' }, t('may-not')));
}

/** What a control has that changes something: it is off for whoever may not. */
function guarded(attributes) {
  return chat.may_ban ? attributes : { ...attributes, disabled: true, 'aria-describedby': 'may-not' };
}

// Tabs

function tabList() {
  return h('div', { class: 'tabs', role: 'tablist', 'aria-label': t('sections'), onkeydown: moveTab },
    TABS.map((each) => h('button', {
      type: 'button', role: 'tab', id: `tab-${each}`, test: `tab-${each}`, 'aria-controls': 'panel', onclick: () => pickTab(each),
    })));
}

function panel() {
  return h('section', { id: 'panel', role: 'tabpanel', class: 'stack', tabindex: 0 });
}

function nameTabs() {
  for (const each of TABS) {
    const node = document.getElementById(`tab-${each}`);
    const count = each === 'questions' ? chat.questions.length : 0;
    fill(node, t(`tab-${each}`), count > 0 && [' ', h('span', { class: 'badge' }, count)]);
    node.setAttribute('aria-selected', String(each === tab));
    node.tabIndex = each === tab ? 0 : -1;
  }
  panelNode().setAttribute('aria-labelledby', `tab-${tab}`);
}

function panelNode() {
  return document.getElementById('panel');
}

function moveTab(event) {
  const at = TABS.indexOf(tab);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  pickTab(TABS.at(to % TABS.length));
  document.getElementById(`tab-${tab}`).focus();
}

async function pickTab(next) {
  tab = next;
  if (!stale) return drawPanel();
  nameTabs();
  // A place of its own: what fails late is not put over a tab that was drawn since.
  const own = h('div', { class: 'stack' });
  fill(panelNode(), own);
  await load(own, () => call('GET', []), (got) => { took(got); drawPanel(); });
}

function took(got) {
  chat = got;
  stale = false;
}

function drawPanel() {
  pictures.clear();
  nameTabs();
  const drawn = { questions, people, sources, history: happenings, settings, charts }[tab]();
  fill(panelNode(), drawn);
}

/** Asks what the chat is like now, and draws the tab anew. */
async function reload() {
  const mine = visit;
  if (!chat) return;
  const got = await call('GET', []);
  if (mine !== visit || got.id !== chat?.id) return;
  took(got);
  keepingFocus(drawPanel, panelTitle);
}

function panelTitle() {
  return panelNode().querySelector('h2');
}

function titled(key, intro) {
  return [h('h2', { tabindex: -1 }, t(key)), intro && h('p', { class: 'hint' }, t(intro))];
}

// Questions

function questions() {
  return [
    titled('questions'),
    chat.questions.length ? h('ul', { class: 'cards' }, chat.questions.map(question)) : h('p', { class: 'card' }, t('questions-empty')),
  ];
}

function question(asked) {
  const { id, user: person, source, bans } = asked;
  // This page may be older than the question.
  const about = ABOUT.includes(asked.about) ? asked.about : 'other';
  const parts = { person: h('b', {}, name(personName(person))), source: h('b', {}, name(chatName(source))) };
  const card = h('li', { class: 'card stack', test: 'question' },
    h('p', {}, mixed(`ask-${about}`, parts)),
    h('p', { class: 'hint small' }, t('id', { id: person.id })),
    bans > 1 && about !== 'other' && h('p', { class: 'hint' }, plural('answers-all', bans)),
    h('p', { class: 'hint small' }, `${t('asked-at', { time: date(asked.asked_at) })} · ${t('open-until', { time: date(asked.open_until) })}`),
    about !== 'other' && h('div', { class: 'row' }, choices(about).map((each) => button(
      each === 'ban' && bans > 1 ? t('choice-ban-all', { count: bans }) : t(`choice-${each}`),
      guarded({ test: `choice-${each}`, class: each === 'ban' ? 'danger' : 'plain' }),
      () => answer(card, id, each)))));
  return card;
}

function choices(about) {
  return about === 'ban' || about === 'new_source' ? ['ban', 'ignore', 'never'] : ['ban', 'ignore'];
}

async function answer(card, id, picked) {
  const row = card.querySelector('.row');
  const all = [...row.children];
  const focused = document.activeElement;
  for (const each of all) each.disabled = true;
  const done = await act(row, async (still) => {
    const { text } = await call('POST', ['questions', id], { body: { choice: picked } });
    if (still()) decided(card, id, text);
  });
  if (done) return;
  for (const each of all) each.disabled = false;
  if (document.activeElement === document.body) focusOn(focused);
}

/** The card says what was decided until the tab is drawn again. */
function decided(card, id, text) {
  chat.questions = chat.questions.filter((each) => each.id !== id);
  // A source may be known or blocked now.
  stale = true;
  say(text);
  if (!card.isConnected) return;
  const line = h('p', {}, text);
  fill(card, line);
  focusOn(line);
  nameTabs();
}

// People

function people() {
  return [
    titled('people', 'people-intro'),
    h('div', { class: 'columns' },
      followForm(),
      h('div', { class: 'card' }, list(chat.follows, person, 'people-empty'))),
  ];
}

function modes() {
  return MODES.map((mode) => [mode, t(`mode-${mode}`)]);
}

function followForm() {
  const who = h('input', guarded({
    id: 'who', test: 'who', type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: 64,
    'aria-describedby': 'who-hint', key: 'who',
  }));
  const mode = select(guarded({ id: 'mode', test: 'mode' }), modes(), 'auto');
  const submit = h('button', guarded({ type: 'submit', test: 'follow' }), t('follow'));
  return h('form', { class: 'card stack', novalidate: true, onsubmit: (event) => { event.preventDefault(); follow(who, mode, submit); } },
    h('h3', {}, t('follow-title')),
    h('div', { class: 'field' }, h('label', { for: 'who' }, t('who')), who, h('p', { class: 'hint small', id: 'who-hint' }, t('who-hint'))),
    h('div', { class: 'field' }, h('label', { for: 'mode' }, t('mode')), mode),
    submit);
}

async function follow(who, mode, submit) {
  const text = who.value.trim();
  who.setAttribute('aria-invalid', String(!text));
  if (!text) {
    say(t('who-missing'), { bad: true });
    return who.focus();
  }
  let said = null;
  await act(submit, async (still) => {
    // Where only the reload failed, it alone is tried again.
    said ??= await call('POST', ['follows'], { body: { who: text, mode: mode.value } });
    if (!still()) return;
    who.value = '';
    who.focus();
    await reload();
    if (!still()) return;
    const { user: followed, result } = said;
    say(t(result === 'already' ? 'follow-already' : 'followed', { name: personName(followed) }));
  });
}

function person({ user: followed, mode, acts, since }) {
  const called = personName(followed);
  const pick = select(guarded({
    test: 'mode-of', key: `mode-${followed.id}`, 'aria-label': t('mode-of', { name: called }), onchange: () => setMode(pick, followed, mode),
  }), modes(), mode);
  return h('li', { class: 'item stack', test: 'person' },
    h('p', {}, h('b', {}, name(called))),
    h('p', { class: 'hint small' }, `${t('id', { id: followed.id })} · ${t('since', { time: date(since, { dateStyle: 'medium' }) })}`),
    h('p', {}, t(`acts-${acts}`)),
    acts !== mode && h('p', { class: 'hint small' }, t('acts-milder', { mode: t(`mode-${mode}`) })),
    h('div', { class: 'row' }, pick,
      button(t('unfollow'), guarded({ class: 'plain', test: 'unfollow', 'aria-label': t('unfollow-of', { name: called }) }),
        (control) => unfollow(control, followed))));
}

async function setMode(pick, followed, before) {
  const wanted = pick.value;
  await act(pick, async (still) => {
    // Another try is for what was wanted; after a failure the control says what holds.
    pick.value = wanted;
    try {
      await call('PATCH', ['follows', followed.id], { body: { mode: wanted } });
    } catch (error) {
      pick.value = before;
      throw error;
    }
    if (!still()) return;
    await reload();
    if (still()) say(t('saved'));
  });
}

async function unfollow(control, followed) {
  const called = personName(followed);
  const sure = await confirmed({ title: t('unfollow-ask'), text: t('unfollow-text', { name: called }), yes: t('unfollow') });
  if (!sure) return;
  let gone = false;
  await act(control, async (still) => {
    // Where only the reload failed, it alone is tried again.
    if (!gone) await endFollow(followed.id);
    gone = true;
    if (!still()) return;
    await reload();
    if (!still()) return;
    focusOn(panelTitle());
    say(t('unfollowed', { name: called }));
  });
}

/** Another try, where only the answer was lost, finds nothing to end. */
async function endFollow(id) {
  try {
    await call('DELETE', ['follows', id]);
  } catch (error) {
    if (error.status !== 404) throw error;
  }
}

// Sources

function sources() {
  return [
    titled('sources', 'sources-intro'),
    h('div', { class: 'card' }, list(chat.sources, source, 'sources-empty')),
  ];
}

function source({ id, title, known, blocked }) {
  const called = chatName({ id, title });
  const state = blocked ? 'blocked' : known ? 'known' : 'unknown';
  const to = (action, where, test) => button(t(action), guarded({
    class: 'plain', test, key: `${action}-${id}`, 'aria-label': t('for-source', { action: t(action), title: called }),
  }), (control) => moveSource(control, id, where));
  return h('li', { class: 'item stack', test: 'source' },
    h('p', { class: 'spread' }, h('b', {}, name(called)), h('span', { class: `badge ${blocked ? 'warn' : 'mild'}` }, t(`source-${state}`))),
    h('p', { class: 'hint small' }, t('id', { id })),
    h('p', { class: 'hint' }, t(`source-${state}-hint`)),
    h('div', { class: 'row' }, blocked
      ? to('unblock', 'unblocked', 'unblock')
      : [to('block', 'blocked', 'block'), known ? to('forget', 'unknown', 'unknown') : to('approve', 'known', 'known')]));
}

function moveSource(control, id, to) {
  return act(control, async (still) => {
    const got = await call('POST', ['sources', id], { body: { to } });
    if (!still()) return;
    chat.sources = got.sources;
    say(t('saved'));
    if (control.isConnected) keepingFocus(drawPanel, () => panelNode().querySelector(`[data-key$="${CSS.escape(id)}"]`));
  });
}

// History

function happenings() {
  const place = h('div', { class: 'card stack' });
  loadHistory(place);
  return [
    titled('history'),
    choice(t('filter'), 'filter', FILTERS.map((each) => [each, t(`filter-${each}`)]), filter, (picked) => {
      filter = picked;
      loadHistory(place);
    }),
    place,
  ];
}

function historyPath(after) {
  const asked = new URLSearchParams();
  if (filter !== 'all') asked.set('filter', filter);
  if (after) asked.set('after', after);
  return `${chatPath(chat.id, 'history')}?${asked}`;
}

async function loadHistory(place) {
  // A place of its own: what comes late, or fails late, of another filter is not on the page any more.
  const own = h('div', { class: 'stack' });
  fill(place, own);
  // Waits for a tick: the place is not on the page yet.
  await null;
  await load(own, () => session.call('GET', historyPath()), (got) => {
    const items = h('ul', { class: 'list' });
    const after = h('div', { class: 'stack' });
    fill(own, items, after);
    more(items, after, got);
  });
}

function more(items, after, { items: got, next }) {
  items.append(...got.map(happened));
  const empty = !items.children.length;
  const last = empty ? t(filter === 'all' ? 'history-empty' : 'history-none') : t('history-end');
  fill(after, next
    ? button(t('more'), { class: 'plain', test: 'more' }, (control) => loadMore(control, items, after, next))
    : h('p', { class: 'hint' }, last));
  items.hidden = empty;
  return got.length;
}

async function loadMore(control, items, after, next) {
  const before = items.children.length;
  const path = historyPath(next);
  // Another filter or tab is another view, too.
  const still = () => items.isConnected;
  await change(control, async () => {
    const got = await session.call('GET', path);
    if (!still()) return;
    say('');
    more(items, after, got);
    focusOn(items.children[before] ?? after.firstElementChild);
  }, still);
}

function happened({ at, text, undo }) {
  const row = h('div', { class: 'row' });
  if (undo) {
    fill(row, button(t('undo'), guarded({ class: 'plain', test: 'undo', 'aria-label': t('undo-of', { text }) }),
      (control) => undoBan(control, row, undo, text)));
  }
  return h('li', { class: 'item spread', test: 'happened' },
    h('div', { class: 'grow' },
      h('p', {}, name(text)),
      h('p', { class: 'hint small' }, h('time', { datetime: new Date(at * 1000).toISOString() }, date(at)))),
    undo && row);
}

async function undoBan(control, row, sync, text) {
  if (!await confirmed({ title: t('undo-ask'), text: t('undo-text', { text }), yes: t('undo-yes'), no: t('undo-no') })) return;
  await act(control, async (still) => {
    const { user: whose } = await call('POST', ['undo'], { body: { sync_id: sync } });
    if (!still()) return;
    say(t('undoing', { name: personName(whose) }));
    const line = h('p', { class: 'hint' }, t('being-undone'));
    fill(row, line);
    focusOn(line);
  });
}

// Settings

/** Changes follow each other, so that the last answer is the last word. */
let saving = Promise.resolve();

function settings() {
  const form = h('form', { class: 'columns', onsubmit: (event) => event.preventDefault() });
  const set = (changes) => {
    const path = chatPath(chat.id, 'settings');
    const mine = visit;
    saving = saving.then(() => save(form, path, changes, mine));
  };
  fill(form,
    group('settings-what',
      toggle('auto_sync_enabled', set),
      toggle('require_confirmation', set),
      picker('new_sources', named('new_sources', ['ask', 'ban', 'tell']), set),
      toggle('sync_unban', set),
      toggle('spare_bots', set)),
    h('div', { class: 'stack' },
      group('settings-ban',
        picker('sync_ban_type', named('sync_ban_type', ['same', 'permanent', 'temporary']), (changes) => set(withDuration(changes))),
        lasting(set),
        seconds('sync_delay_seconds', DELAYS, t('no-delay'), set),
        seconds('kick_seconds', KICKS, t('no-kicks'), set, 'up-to')),
      group('settings-chat',
        picker('share_bans', named('share_bans', ['nothing', 'events', 'full']), set),
        picker('language', [['', t('language-none')], ...Object.entries(LANGS)], ({ language }) => set({ language: language || null })),
        picker('timezone', zones(), set))));
  return [titled('settings', 'settings-intro'), form];
}

function lasting(set) {
  const field = seconds('ban_duration_seconds', DURATIONS, '', set);
  field.id = 'lasting';
  field.hidden = chat.settings.sync_ban_type !== 'temporary';
  return field;
}

const DURATIONS = [3600, 86_400, 3 * 86_400, WEEK, 30 * 86_400, 90 * 86_400, 365 * 86_400];
const DELAYS = [0, 60, 300, 900, 3600, 6 * 3600, 86_400, WEEK];
const KICKS = [0, 30, 60, 300, 900, 3600];

function group(key, ...fields) {
  return h('section', { class: 'card stack' }, h('h3', {}, t(key)), fields);
}

function hint(field) {
  const text = t(`hint-${field}`);
  return text === `hint-${field}` ? null : h('p', { class: 'hint small', id: `hint-${field}` }, text);
}

function control(field) {
  const described = [hint(field) && `hint-${field}`, !chat.may_ban && 'may-not'].filter(Boolean).join(' ');
  return { id: `set-${field}`, test: `set-${field}`, disabled: !chat.may_ban, 'aria-describedby': described || null };
}

function toggle(field, set) {
  const box = h('input', { type: 'checkbox', ...control(field), checked: chat.settings[field], onchange: () => set({ [field]: box.checked }) });
  return h('div', { class: 'field' }, h('label', { class: 'toggle', for: `set-${field}` }, h('span', { class: 'grow' }, t(`set-${field}`)), box), hint(field));
}

function picker(field, options, set) {
  const now = chat.settings[field] ?? '';
  const all = options.some(([value]) => value === now) ? options : [[now, now], ...options];
  const node = select({ ...control(field), onchange: () => set({ [field]: node.value }) }, all, now);
  return h('div', { class: 'field' }, h('label', { for: `set-${field}` }, t(`set-${field}`)), node, hint(field));
}

function named(field, values) {
  return values.map((value) => [value, t(`${field}-${value}`)]);
}

/** Lengths of time: the usual ones, and that which was chosen elsewhere. */
function seconds(field, usual, none, set, form) {
  const now = chat.settings[field];
  const all = now === null || usual.includes(now) ? usual : [...usual, now].sort((a, b) => a - b);
  const label = (value) => (form ? t(form, { value: duration(value) }) : duration(value));
  const options = all.map((value) => [String(value), value ? label(value) : none]);
  const node = select({ ...control(field), onchange: () => set({ [field]: Number(node.value) }) }, options, String(now ?? WEEK));
  return h('div', { class: 'field' }, h('label', { for: `set-${field}` }, t(`set-${field}`)), node, hint(field));
}

function zones() {
  const known = Intl.supportedValuesOf?.('timeZone') ?? [];
  return [...new Set(['UTC', ...known])].map((zone) => [zone, zone.replaceAll('_', ' ')]);
}

/** A ban for a set time needs the time. */
function withDuration(changes) {
  const needed = changes.sync_ban_type === 'temporary' && chat.settings.ban_duration_seconds === null;
  return needed ? { ...changes, ban_duration_seconds: WEEK } : changes;
}

async function save(form, path, changes, mine) {
  say(t('working'));
  try {
    const { settings: now } = await session.call('PATCH', path, { body: changes });
    if (mine !== visit) return;
    chat.settings = now;
    // What follows do may be another thing now.
    stale = true;
    say(t('saved'));
  } catch (error) {
    if (mine !== visit || error.code === 'signed_out') return;
    say(error.message, { bad: true, again: error.network ? () => save(form, path, changes, mine) : null });
  }
  if (form.isConnected) showSettings(form);
}

/** Controls say what holds, also after a change that was refused. */
function showSettings(form) {
  for (const node of form.querySelectorAll('[data-test^="set-"]')) {
    const now = chat.settings[node.dataset.test.slice('set-'.length)];
    if (node.type === 'checkbox') node.checked = now;
    else node.value = String(now ?? (node.id === 'set-ban_duration_seconds' ? WEEK : ''));
  }
  form.querySelector('#lasting').hidden = chat.settings.sync_ban_type !== 'temporary';
}

// Charts

function charts() {
  const place = h('div', { class: 'stack' });
  loadCharts(place);
  return [
    titled('charts'),
    choice(t('period'), 'period', PERIODS.map((each) => [each, t(`period-${each}`)]), period, (picked) => {
      period = picked;
      loadCharts(place);
    }),
    place,
  ];
}

async function loadCharts(place) {
  pictures.clear();
  const figures = CHARTS.map((chart) => [chart, h('figure', { class: 'card', test: `chart-${chart}` })]);
  fill(place, h('div', { class: 'columns' }, figures.map(([, figure]) => figure)));
  // Waits for a tick: the place is not on the page yet.
  await null;
  for (const [chart, figure] of figures) loadChart(place, chart, figure);
}

async function loadChart(place, chart, figure) {
  const what = t(`chart-${chart}`);
  const asked = new URLSearchParams({ chart, period, theme: telegram.theme() });
  const alt = t('chart-alt', { what, period: t(`period-${period}`) });
  const get = async () => {
    try {
      return await session.call('GET', `${chatPath(chat.id, 'chart.svg')}?${asked}`, { blob: true });
    } catch (error) {
      if (error.code === 'figures_off') return null;
      throw error;
    }
  };
  await load(figure, get, (blob) => {
    if (blob) pictures.show(figure, blob, alt);
    else fill(place, h('p', { class: 'card' }, t('figures-off')));
  });
}

begin();
