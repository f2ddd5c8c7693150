// Requests. Tokens live in this memory only. Launch data, which gets a token while it is fresh, is in the tab's storage too: a reload needs it
// (telegram.js).

import { lang, t } from './texts.js';

const PATIENCE = 30_000;
const MARGIN = 60_000;

export class Failure extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
    this.network = status === 0 || status >= 500;
  }
}

/** One request. Resolves to what JSON says, or to a blob. */
export async function send(method, path, { token, body, blob = false } = {}) {
  const response = await reached(path, { method, headers: headers(token, body), body: body && JSON.stringify(body), cache: 'no-store' });
  if (!response.ok) throw await refusal(response);
  try {
    return blob ? await response.blob() : await response.json();
  } catch {
    throw offline();
  }
}

function headers(token, body) {
  const all = { 'Accept-Language': lang() };
  if (token) all.Authorization = `Bearer ${token}`;
  if (body) all['Content-Type'] = 'application/json';
  return all;
}

async function reached(path, options) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  try {
    return await fetch(path, { ...options, signal: patience.signal });
  } catch {
    throw offline();
  } finally {
    clearTimeout(timer);
  }
}

function offline() {
  return new Failure(0, 'network', t('offline'));
}

function ended() {
  return new Failure(401, 'signed_out', t('signed-out'));
}

async function refusal(response) {
  const said = await response.json().catch(() => ({}));
  return new Failure(response.status, said?.code ?? '', said?.message || t('went-wrong'));
}

/** A token that is asked for anew a minute before it ends, by whoever comes first. */
class Renewed {
  token = null;
  #ends = 0;
  #timer = 0;
  #running = null;
  #over = false;

  /** `obtain` resolves to the next token and its seconds. */
  constructor(obtain) {
    this.obtain = obtain;
  }

  renew() {
    if (this.#over) return Promise.reject(ended());
    this.#running ??= this.obtain().then((got) => this.#take(got)).finally(() => { this.#running = null; });
    return this.#running;
  }

  #take([token, seconds]) {
    // It was asked for before its owner signed out.
    if (this.#over) throw ended();
    this.token = token;
    this.#ends = Date.now() + seconds * 1000;
    clearTimeout(this.#timer);
    // A failure here is told by the next request, which tries again.
    this.#timer = setTimeout(() => this.renew().catch(() => {}), Math.max(seconds * 1000 - MARGIN, 1000));
  }

  /** For good: nothing is asked for any more. */
  forget() {
    this.#over = true;
    this.token = null;
    this.#ends = 0;
    clearTimeout(this.#timer);
  }

  async call(method, path, options = {}) {
    if (Date.now() > this.#ends) await this.renew();
    const used = this.token;
    try {
      return await send(method, path, { ...options, token: used });
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    // Another request may have renewed it in the meantime.
    if (this.token === used) await this.renew();
    return send(method, path, { ...options, token: this.token });
  }
}

function refused(error) {
  return error.status === 401 || error.status === 403;
}

/** The session of an admin. `greeted` hears each answer, `signedOut` that there will be no more. */
export function adminSession(initData, { greeted, signedOut }) {
  const ask = (options) => send('POST', 'api/session', options);

  async function answer() {
    if (session.token) {
      try {
        return await ask({ token: session.token, body: {} });
      } catch (error) {
        if (!refused(error)) throw error;
      }
    }
    return ask({ body: { init_data: initData } });
  }

  async function obtain() {
    try {
      const said = await answer();
      greeted(said);
      return [said.token, said.expires_in];
    } catch (error) {
      if (!refused(error)) throw error;
      session.forget();
      signedOut(error);
      throw new Failure(error.status, 'signed_out', error.message);
    }
  }

  const session = new Renewed(obtain);
  return session;
}

/** The session of an operator's key. */
export function keySession(key) {
  return new Renewed(async () => {
    const said = await send('POST', '../api/v1/auth/token', { token: key });
    return [said.access_token, said.expires_in];
  });
}
