// The parts all generations share: accounts, calls, and the table of both.

import { Call } from './call.js';
import { Connection } from './connection.js';
import { Room } from './room.js';

export class Client {
  constructor(url, rules) {
    this.rules = rules;
    this.accounts = new Map();
    this.calls = new Map();
    this.rooms = new Map();
    // Rooms this client was invited to.
    this.invited = [];
    this.missed = [];
    // What every media connection is made with: servers come with the registration, the rest is a test's.
    this.media = {};
    // Events this generation of the library does not know.
    this.unknown = [];
    this.connection = new Connection(url, rules, (message) => this.take(message), () => this.forget());
  }

  // A request of this generation; the names differ in the oldest one.
  request(name, fields, answered) {
    this.connection.send({ sylkrtc: name, ...fields }, answered);
  }

  ask(name, fields) {
    return new Promise((resolve, reject) => {
      this.request(name, fields, (error, message) => (error ? reject(error) : resolve(message)));
    });
  }

  async addAccount(account, password, more = {}) {
    this.accounts.set(account, { states: [], reasons: [] });
    const fields = { account, password, ...this.accountFields(), ...more };
    try {
      return await this.ask('account-add', fields);
    } catch (error) {
      this.accounts.delete(account);
      throw error;
    }
  }

  accountFields() {
    return { display_name: 'Test', user_agent: 'SylkRTC (Chrome on Linux) - Test' };
  }

  register(account) {
    this.request('account-register', { account }, (error) => {
      if (error) this.registration(account, 'failed', `Error: ${error.message}`);
    });
  }

  registration(account, state, reason, servers) {
    const known = this.accounts.get(account);
    if (servers) this.media.iceServers = servers;
    known.states.push(state);
    known.reasons.push(reason ?? null);
  }

  // Enters a video room; `wish` says which media a new one has.
  async join(account, uri, local, wish) {
    const room = new Room(this, account, uri);
    this.rooms.set(room.id, room);
    await room.join(local, wish);
    return room.id;
  }

  async call(account, uri, local, headers) {
    const id = crypto.randomUUID();
    const call = new Call(this, id, true, account, uri);
    this.calls.set(id, call);
    await call.start(local, headers);
    return id;
  }

  // Somebody calls. `originator` is taken apart as the library does it.
  offered(account, session, originator, sdp, headers) {
    const { uri } = originator;
    const call = new Call(this, session, false, account, uri);
    call.displayName = originator.display_name ?? null;
    if (headers !== undefined) {
      // The library turns the object into a list; it expects one whenever the field is there.
      call.headers = Object.keys(headers).map((name) => [name, headers[name]]);
    }
    if (typeof sdp !== 'string') throw new Error('an incoming call without a description');
    call.offered(sdp);
    this.calls.set(session, call);
  }

  arrived(call) {
    if (this.onArrived) this.onArrived(call);
  }

  feedArrived(feed) {
    if (this.onFeed) this.onFeed(feed);
  }

  feedClosed(feed) {
    if (this.onFeedClosed) this.onFeedClosed(feed);
  }

  // The connection is gone: the library forgets its accounts, and calls are lost.
  forget() {
    this.lastAccounts = this.accounts;
    this.accounts = new Map();
    for (const call of this.calls.values()) call.end('Error: Connection closed');
  }

  close() {
    this.connection.close();
  }

  summary() {
    return {
      link: this.connection.state,
      links: this.connection.states.map(([, state]) => state),
      waits: this.connection.waits,
      crashes: this.connection.crashes,
      unanswered: this.connection.pending.size,
      unknown: this.unknown,
      accounts: Object.fromEntries(this.accounts),
      calls: [...this.calls.values()].map((call) => call.summary()),
      missed: this.missed,
      rooms: [...this.rooms.values()].map((room) => room.summary()),
      invited: this.invited,
    };
  }
}
