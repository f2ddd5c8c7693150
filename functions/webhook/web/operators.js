// The operators' dashboard: what the API says about all chats.

import { Failure, keySession } from './api.js';
import { followSystem, theme } from './telegram.js';
import { date, lang, number, speak, t } from './texts.js';
import { Pictures, button, choice, failure, fill, focusOn, h, top } from './ui.js';

const PERIODS = ['day', 'week', 'month', 'year'];
/** How often queues are looked at. */
const QUEUES = 30_000;
/** How often figures are: they are five minutes old anyway, and each look reads all of the period. */
const FIGURES_AGE = 300_000;
/** Periods whose figures are looked at by the clock; of longer ones, which are dear, by a button. */
const SHORT = ['day', 'week'];
const FIGURES = [
  'total_bans', 'unbans', 'kicks', 'total_syncs', 'successful_syncs', 'partial_syncs', 'failed_syncs', 'success_rate', 'mean_sync_ms',
  'p50_sync_ms', 'p95_sync_ms', 'new_subscriptions', 'active_chats', 'unique_banned_users', 'undone', 'appeals',
];
const SYNCED = ['applied', 'already', 'skipped', 'failed'];

const main = document.getElementById('main');
const pictures = new Pictures();

let session = null;
let period = 'week';
/** The panels on the page: each with what it asks for and how it is drawn. */
let panels = [];
/** Counts the refreshes of all: an older one that comes late is left alone. */
let round = 0;
/** What is on the screen now: a function that draws it anew. */
let draw = showKey;

function begin() {
  speak(navigator.language);
  followSystem();
  header();
  showKey();
  setInterval(tick, 1000);
  document.addEventListener('visibilitychange', tick);
  document.addEventListener('themechange', () => { if (session) renewAll(all().filter(({ themed }) => themed)); });
}

function header() {
  top('Bansync', (code) => {
    speak(code);
    header();
    document.querySelector(`[data-key="lang-${code}"]`).focus();
    draw();
  });
}

/** Refreshes what is too old, unless nobody looks, or somebody reads it by the keyboard: then once the focus has left. */
function tick() {
  if (!session || document.hidden) return;
  const now = Date.now();
  const due = all().filter((each) => now - each.at >= ageOf(each) && !isRead(each));
  if (due.length) renewAll(due, { timed: true });
}

function ageOf({ live }) {
  if (live) return QUEUES;
  return SHORT.includes(period) ? FIGURES_AGE : Infinity;
}

// The key

function showKey() {
  draw = showKey;
  const key = h('input', { id: 'key', test: 'key', type: 'password', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'key-hint' });
  const submit = h('button', { type: 'submit', test: 'sign-in' }, t('sign-in'));
  const wrong = h('div', {});
  show(heading(t('operators')),
    h('form', { class: 'card stack narrow', novalidate: true, onsubmit: (event) => { event.preventDefault(); signIn(key, submit, wrong); } },
      h('div', { class: 'field' },
        h('label', { for: 'key' }, t('key')), key,
        h('p', { class: 'hint small', id: 'key-hint' }, t('key-hint'))),
      wrong,
      submit));
}

function show(...nodes) {
  document.title = `${t('operators')} · Bansync`;
  pictures.clear();
  fill(main, nodes);
}

function heading(text) {
  return h('h1', { tabindex: -1 }, text);
}

async function signIn(key, submit, wrong) {
  const text = key.value.trim();
  if (!text) return refuse(key, wrong, new Failure(400, '', t('key-missing')));
  submit.disabled = true;
  // A key is text that a header can hold.
  const tried = /^[\x21-\x7e]+$/.test(text) ? keySession(text) : null;
  try {
    if (!tried) throw new Failure(401, '', '');
    await tried.renew();
    session = tried;
    showDashboard();
    focusOn(main.querySelector('h1'));
  } catch (error) {
    refuse(key, wrong, error.status === 401 ? new Failure(401, '', t('key-refused')) : error);
  } finally {
    submit.disabled = false;
  }
}

function refuse(key, wrong, error) {
  fill(wrong, failure(error));
  key.setAttribute('aria-invalid', 'true');
  key.focus();
}

function signOut(why) {
  session?.forget();
  session = null;
  round += 1;
  showKey();
  if (why) fill(main.querySelector('form > div:not(.field)'), failure(why));
  main.querySelector('#key').focus();
}

// The dashboard

function showDashboard() {
  draw = showDashboard;
  const when = h('span', { class: 'hint', id: 'refreshed' });
  panels = [overview(), timeline(), tops(), slowest(), queues(), cost()];
  show(
    h('div', { class: 'spread' }, heading(t('operators')), button(t('sign-out'), { class: 'plain', test: 'sign-out' }, () => signOut())),
    h('div', { class: 'spread bar' },
      choice(t('period'), 'period', PERIODS.map((each) => [each, t(`period-${each}`)]), period, (picked) => { period = picked; refresh(); }),
      h('div', { class: 'row' }, when, button(t('refresh'), { test: 'refresh' }, () => refresh()))),
    h('div', { class: 'panels' }, nodes(panels)));
  refresh();
}

/** A panel: one or more parts, each of which asks and is drawn by itself. */
function panel(id, parts, { full = true, intro = null, columns = false } = {}) {
  const node = h('section', { class: full ? 'card stack full' : 'card stack', test: `panel-${id}`, 'aria-labelledby': `title-${id}` },
    h('h2', { id: `title-${id}` }, t(id)),
    intro && h('p', { class: 'hint small' }, intro),
    columns ? h('div', { class: 'columns' }, nodes(parts)) : nodes(parts));
  return { node, parts };
}

function nodes(parts) {
  return parts.map(({ node }) => node);
}

/** A part: `ask` gets what `put` shows in `place`. */
function part(ask, put, node = h('div', { class: 'stack' })) {
  const wrong = h('div', {});
  const place = h('div', { class: 'stack' });
  node.append(wrong, place);
  return { node, wrong, place, ask, put, at: 0, turn: 0 };
}

function refresh() {
  round += 1;
  return renewAll(all());
}

/** `timed`: nobody asked for it. */
async function renewAll(parts, { timed = false } = {}) {
  const mine = round;
  await Promise.all(parts.map((each) => renew(each, mine, timed)));
  // Charts alone are those of another theme.
  const figures = parts.some(({ live, themed }) => !live && !themed);
  if (figures && mine === round && session) fill(document.getElementById('refreshed'), t('refreshed', { time: clock() }));
}

function all() {
  return panels.flatMap(({ parts }) => parts);
}

/** What is drawn anew loses the focus. */
function isRead({ wrong, place }) {
  return wrong.contains(document.activeElement) || place.contains(document.activeElement);
}

function clock() {
  return date(Date.now() / 1000, { timeStyle: 'medium' });
}

async function renew(each, mine, timed) {
  const before = each.at;
  each.at = Date.now();
  each.turn += 1;
  const { turn } = each;
  const late = () => mine !== round || turn !== each.turn;
  try {
    const got = await each.ask();
    if (late()) return;
    // The focus may have come meanwhile: then it is for a later tick.
    if (timed && isRead(each)) each.at = before;
    else redraw(each, got);
  } catch (error) {
    if (!late()) fail(each, error);
  }
}

function redraw({ wrong, place, put }, got) {
  fill(wrong);
  keepingScroll(place, () => put(got, place));
}

/** A wide table stays where it was moved to sideways. */
function keepingScroll(place, draw) {
  const wide = () => place.querySelector('.wide-table');
  const left = wide()?.scrollLeft ?? 0;
  draw();
  if (left && wide()) wide().scrollLeft = left;
}

function fail({ wrong, place }, error) {
  if (error.status === 401) return signOut(new Failure(401, '', t('key-refused')));
  if (error.code !== 'missing_scope') return fill(wrong, failure(error, refresh));
  const [scope] = /[a-z_]+:[a-z_]+/.exec(error.message) ?? ['analytics:read'];
  fill(place);
  return fill(wrong, failure(new Failure(403, '', t('missing-scope', { scope }))));
}

function analytics(path, more = {}) {
  return `../api/v1/analytics/${path}?${new URLSearchParams({ period, ...more })}`;
}

function get(path) {
  return session.call('GET', path);
}

// Figures

function overview() {
  return panel('overview', [part(() => get(analytics('overview')), putOverview)], { intro: t('overview-hint') });
}

function putOverview({ figures, previous }, place) {
  const now = flat(figures);
  const before = previous && flat(previous);
  fill(place, h('dl', { class: 'tiles' }, [...FIGURES, ...SYNCED].map((key) => h('div', {},
    h('dt', {}, t(key)),
    h('dd', { class: 'value' }, shown(key, now[key])),
    h('dd', { class: 'hint small' }, before ? changed(key, now[key], before[key]) : t('none'))))));
}

function flat({ synced_bans: synced, ...figures }) {
  return { ...figures, ...synced };
}

function shown(key, value) {
  if (value === null || value === undefined) return t('none');
  if (key === 'success_rate') return number(value, { style: 'percent', maximumFractionDigits: 1 });
  return key.endsWith('_ms') ? took(value) : number(value);
}

function took(millis) {
  const unit = millis < 1000 ? 'millisecond' : 'second';
  const value = unit === 'second' ? millis / 1000 : millis;
  return number(value, { style: 'unit', unit, maximumFractionDigits: unit === 'second' ? 1 : 0 });
}

function changed(key, now, before) {
  if ([now, before].some((value) => value === null || value === undefined)) return t('none');
  const signed = { signDisplay: 'exceptZero', maximumFractionDigits: 1 };
  if (now === before) return t('unchanged');
  if (key === 'success_rate') return t('points', { value: number((now - before) * 100, signed) });
  if (before === 0) return number(now, signed);
  return number((now - before) / before, { ...signed, style: 'percent', maximumFractionDigits: 0 });
}

// Pictures and tables

function timeline() {
  const details = h('details', {}, h('summary', {}, t('timeline-table')));
  const charts = ['bans', 'results'].map(chart);
  const made = panel('timeline', charts, { columns: true });
  made.node.append(details);
  return { ...made, parts: [...charts, part(() => get(analytics('timeline')), putTimeline, details)] };
}

function chart(name) {
  const figure = h('figure', {});
  const drawn = part(
    () => session.call('GET', analytics('chart.svg', { chart: name, theme: theme(), lang: lang() }), { blob: true }),
    (blob, place) => {
      pictures.show(figure, blob, t('chart-alt', { what: t(`chart-${name}`), period: t(`period-${period}`) }));
      fill(place, figure);
    });
  return { ...drawn, themed: true };
}

function putTimeline({ points }, place) {
  const form = period === 'day' ? { dateStyle: 'short', timeStyle: 'short' } : { dateStyle: 'medium' };
  const columns = [
    [t('col-time'), ({ at }) => h('span', { class: 'line-of-one' }, date(at, form))],
    ...[['bans'], ['unbans'], ['applied'], ['failed'], ['successful', 'successful_syncs'], ['partial', 'partial_syncs'], ['failed-syncs', 'failed_syncs']]
      .map(([key, field = key]) => counted(key, field)),
  ];
  fill(place, table(t('timeline'), columns, points));
}

function counted(key, field) {
  return [t(`col-${key}`), (item) => number(item[field] ?? 0), true];
}

/** `columns`: a title, what a line has there, and whether it is a number. */
function table(title, columns, items) {
  if (!items.length) return h('p', { class: 'hint' }, t('nothing-yet'));
  return h('div', { class: 'wide-table', role: 'group', 'aria-label': title, tabindex: 0 },
    h('table', {},
      h('thead', {}, h('tr', {}, columns.map(([label, , isNumber]) => h('th', { scope: 'col', class: isNumber && 'number' }, label)))),
      h('tbody', {}, items.map((item) => h('tr', {},
        columns.map(([, cell, isNumber]) => h('td', { class: isNumber && 'number' }, cell(item))))))));
}

function id(field) {
  return (item) => h('code', {}, item[field] ?? t('none'));
}

function tops() {
  return panel('top', [
    topList('users', [[t('col-user'), id('user_id')], counted('bans', 'ban_count'), counted('syncs', 'sync_count')]),
    topList('chats', [[t('col-chat'), id('chat_id')], counted('bans', 'ban_count'), counted('received', 'sync_received_count')]),
    topList('sources', [[t('col-source'), id('chat_id')], counted('carried', 'bans_carried'), counted('undone', 'undone'),
      counted('lifted', 'lifted'), counted('appealed', 'appealed')]),
  ], { columns: true });
}

function topList(which, columns) {
  const title = t(`top-${which}`);
  const node = h('div', { class: 'stack', test: `top-${which}` }, h('h3', {}, title));
  return part(() => get(analytics(`top/${which}`)), ({ items }, place) => fill(place, table(title, columns, items)), node);
}

function slowest() {
  const columns = [
    [t('col-time'), ({ at }) => h('span', { class: 'line-of-one' }, date(at))],
    [t('col-took'), ({ millis }) => took(millis), true],
    [t('col-source'), id('chat_id')],
    [t('col-user'), id('user_id')],
    [t('col-status'), ({ status }) => h('span', { class: `badge ${status === 'completed' ? 'mild' : 'warn'}` }, t(`status-${status}`))],
  ];
  return panel('slowest', [part(() => get(analytics('top/syncs')), ({ items }, place) => fill(place, table(t('slowest'), columns, items)))]);
}

// Queues and money

function queues() {
  const live = { ...part(() => get('../api/v1/analytics/queues'), putQueues), live: true };
  return panel('queues', [live], { full: false });
}

function putQueues({ queues: all }, place) {
  if (!all.length) return fill(place, h('p', { class: 'hint' }, t('queues-empty')));
  const columns = [[t('col-queue'), queueName], counted('waiting', 'waiting'), counted('in-flight', 'in_flight'), counted('delayed', 'delayed')];
  return fill(place, table(t('queues'), columns, all));
}

function queueName({ name, is_dlq: isDlq, waiting }) {
  if (!isDlq || !waiting) return h('code', {}, name);
  const [before, after] = t('given-up').split('{command}');
  return [h('code', {}, name), h('p', { class: 'note bad small', test: 'given-up' }, before, h('code', {}, `cargo xtask dlq show ${name}`), after)];
}

function cost() {
  return panel('cost', [part(() => get('../api/v1/analytics/cost'), putCost)], { full: false });
}

function putCost({ month, total_usd: total, lines }, place) {
  const named = date(`${month}-01T00:00:00Z`, { month: 'long', year: 'numeric', timeZone: 'UTC' });
  const columns = [[t('col-what'), ({ what }) => t(`cost-${what}`)], counted('count', 'count'), [t('col-usd'), ({ usd }) => dollars(usd), true]];
  fill(place,
    h('p', { class: 'value' }, t('cost-month', { month: named, total: dollars(total) })),
    table(t('cost'), columns, lines),
    h('p', { class: 'hint small' }, t('cost-estimate')));
}

function dollars(usd) {
  return number(usd, { style: 'currency', currency: 'USD', maximumFractionDigits: usd && Math.abs(usd) < 0.1 ? 4 : 2 });
}

begin();
