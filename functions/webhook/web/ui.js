// Elements and the few widgets both pages share. Text from anywhere gets in as text nodes only.

import { LANGS, lang, t } from './texts.js';

/** `h('p', {class: 'hint'}, 'text')`. `on…` adds a listener, `test` and `key` become data attributes. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) put(node, name, value);
  node.append(...present(children));
  return node;
}

function put(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
  else if (name === 'test' || name === 'key') node.dataset[name] = value;
  else node.setAttribute(name, value === true ? '' : value);
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function fill(node, ...children) {
  node.replaceChildren(...present(children));
  return node;
}

/** A name of a stranger's choice: its direction must not turn the sentence around it. */
export function name(text) {
  return h('bdi', {}, text);
}

/** A text with elements in the places of its variables. */
export function mixed(key, parts) {
  return t(key).split(/\{(\w+)\}/).map((piece, index) => (index % 2 ? parts[piece] : piece));
}

export function button(label, attributes, act) {
  return h('button', { type: 'button', ...attributes, onclick: (event) => act(event.currentTarget) }, label);
}

export function loading() {
  return h('p', { class: 'hint loading', role: 'status' }, t('loading'));
}

export function failure(error, again) {
  return h('div', { class: 'note bad', role: 'alert', test: 'error' },
    h('p', {}, error.message),
    again && button(t('try-again'), { class: 'plain' }, again));
}

/** A list, or a sentence where there is nothing to list. */
export function list(items, draw, empty) {
  return items.length ? h('ul', { class: 'list' }, items.map(draw)) : h('p', { class: 'hint' }, t(empty));
}

export function focusOn(node) {
  if (!node) return;
  if (!node.matches('a, button, input, select, textarea, [tabindex]')) node.tabIndex = -1;
  node.focus({ preventScroll: node.tagName === 'H1' });
}

// What was said last

let silence = 0;

export function say(text, { bad = false, again = null } = {}) {
  const region = document.getElementById('status');
  clearTimeout(silence);
  region.classList.toggle('bad', bad);
  fill(region, text && h('span', {}, text), again && button(t('try-again'), { class: 'plain' }, again));
  if (text && !bad) silence = setTimeout(() => say(''), 6000);
}

/** What had the focus when its change began: it loses it by being off. */
let held = null;

/**
 * Runs a change: the control is off meanwhile, a failure is told, and can be tried again where trying may help.
 * The answer is whether it went well. A failure that comes when the view is another (`still` says no) is not told there.
 */
export async function change(control, run, still = () => true) {
  const focused = document.activeElement === control;
  if (focused) held = control;
  control.disabled = true;
  say(t('working'));
  try {
    await run();
    return true;
  } catch (error) {
    const again = error.network ? () => change(control, run, still) : null;
    if (still() && error.code !== 'signed_out') say(error.message, { bad: true, again });
    return false;
  } finally {
    control.disabled = false;
    if (held === control) held = null;
    if (focused && control.isConnected && document.activeElement === document.body) control.focus();
  }
}

/** Draws anew, and gives the focus to what stands in the place of the focused element, or else to `other`. */
export function keepingFocus(draw, other) {
  const focused = document.activeElement === document.body ? held : document.activeElement;
  draw();
  if (!focused || focused.isConnected) return;
  const { key } = focused.dataset;
  focusOn((key && document.querySelector(`[data-key="${CSS.escape(key)}"]`)) ?? other());
}

/** Asks in a dialog; resolves to whether the answer is yes. */
export function confirmed({ title, text, yes, no = t('cancel') }) {
  return new Promise((resolve) => {
    const close = (answer) => dialog.close(answer);
    const closed = () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    };
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title', onclose: closed },
      h('h2', { id: 'dialog-title' }, title),
      h('p', {}, text),
      h('div', { class: 'row end' },
        button(no, { class: 'plain', test: 'cancel' }, () => close('no')),
        button(yes, { class: 'danger', test: 'confirm' }, () => close('yes'))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A row of radio buttons. `options`: pairs of a value and its label. */
export function choice(legend, group, options, chosen, pick) {
  return h('fieldset', { class: 'choice' },
    h('legend', {}, legend),
    h('div', { class: 'segments' }, options.map(([value, label]) =>
      h('label', {},
        h('input', { type: 'radio', name: group, value, test: `${group}-${value}`, checked: value === chosen, onchange: () => pick(value) }),
        h('span', {}, label)))));
}

export function select(attributes, options, chosen) {
  return h('select', attributes, options.map(([value, label]) => h('option', { value, selected: value === chosen }, label)));
}

/** The name of the page and the languages. */
export function top(title, pick) {
  fill(document.getElementById('top'),
    h('span', { class: 'brand' }, title),
    h('div', { class: 'langs', role: 'group', 'aria-label': 'Language / Язык' },
      Object.entries(LANGS).map(([code, label]) => button(label, {
        class: 'plain', lang: code, key: `lang-${code}`, test: `lang-${code}`, 'aria-pressed': String(code === lang()),
      }, () => pick(code)))));
}

// Pictures

/** Fetched with the token, so an `<img>` cannot do it alone. */
export class Pictures {
  #urls = new Map();

  /** Shows a picture in a figure, and lets go of the one shown before. */
  show(figure, blob, alt) {
    const url = URL.createObjectURL(blob);
    fill(figure, h('img', { src: url, alt, width: 640, height: 320 }));
    this.#release(figure);
    this.#urls.set(figure, url);
  }

  #release(figure) {
    const url = this.#urls.get(figure);
    if (url) URL.revokeObjectURL(url);
  }

  clear() {
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
    this.#urls.clear();
  }
}
