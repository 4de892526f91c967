// The connection of a gateway client: socket, transactions, pings, back-off, as the library of each
// generation keeps them (sylkrtc.md §1.4 to §1.8). Nothing here knows accounts or calls.

const FIRST_WAIT_S = 0.5;
const LONGEST_WAIT_S = 16;

export class Connection {
  // `rules`: token, pingEveryMs (0: none), pingLimit. `take` gets every event that is not ours.
  constructor(url, rules, take, closed) {
    this.url = url;
    this.rules = rules;
    this.take = take;
    this.closed = closed;
    this.state = null;
    this.states = [];
    this.waits = [];
    this.frames = [];
    // What an exception in the library's handler would have been: the call or the client is broken after it.
    this.crashes = [];
    this.pending = new Map();
    this.delay = FIRST_WAIT_S;
    this.closeCode = null;
    this.connectLater(FIRST_WAIT_S);
  }

  change(state) {
    this.state = state;
    this.states.push([performance.now(), state]);
  }

  connectLater(seconds) {
    this.waits.push(seconds);
    this.timer = setTimeout(() => this.connect(), seconds * 1000);
  }

  connect() {
    this.change('connecting');
    const socket = new WebSocket(this.url, this.rules.token);
    this.socket = socket;
    socket.onopen = () => {
      if (socket.protocol !== this.rules.token) this.crashes.push(`subprotocol "${socket.protocol}"`);
      this.delay = FIRST_WAIT_S;
      this.change('connected');
      this.unanswered = 0;
      if (this.rules.pingEveryMs) this.pings = setInterval(() => this.ping(), this.rules.pingEveryMs);
    };
    socket.onmessage = ({ data }) => this.received(data);
    socket.onclose = ({ code }) => this.lost(code);
  }

  received(text) {
    this.frames.push(['got', performance.now(), text]);
    try {
      const message = JSON.parse(text);
      if (message.sylkrtc === 'ready-event' || (message.sylkrtc === 'event' && message.event === 'ready')) {
        const wanted = this.rules.token === 'sylkRTC-2' ? 'ready-event' : 'event';
        if (message.sylkrtc !== wanted) throw new Error(`"ready" of another generation: ${text}`);
        this.change('ready');
      } else if (message.sylkrtc === 'ack' || message.sylkrtc === 'error') {
        const waiting = this.pending.get(message.transaction);
        if (!waiting) throw new Error(`an answer nobody asked for: ${text}`);
        this.pending.delete(message.transaction);
        if (waiting.isPing) this.unanswered = 0;
        waiting.answered(message.sylkrtc === 'error' ? new Error(message.error) : null, message);
      } else {
        this.take(message);
      }
    } catch (error) {
      this.crashes.push(String(error && error.stack || error));
    }
  }

  // Sends a request; `answered(error, message)` is called exactly once.
  send(request, answered = () => {}) {
    const transaction = crypto.randomUUID();
    this.pending.set(transaction, { answered, isPing: request.sylkrtc === 'ping' });
    const text = JSON.stringify({ ...request, transaction });
    if (!this.socket || this.socket.readyState !== WebSocket.OPEN) {
      this.pending.delete(transaction);
      setTimeout(() => answered(new Error('Connection closed')), 0);
      return;
    }
    this.frames.push(['sent', performance.now(), text]);
    this.socket.send(text);
  }

  ask(request) {
    return new Promise((resolve, reject) => {
      this.send(request, (error, message) => (error ? reject(error) : resolve(message)));
    });
  }

  ping() {
    this.unanswered += 1;
    if (this.unanswered >= this.rules.pingLimit) {
      this.socket.onclose = null;
      this.socket.close();
      this.lost('pings');
      return;
    }
    if (this.state === 'ready') this.send({ sylkrtc: 'ping' });
  }

  lost(code) {
    this.closeCode = code;
    clearInterval(this.pings);
    const pending = [...this.pending.values()];
    this.pending.clear();
    for (const { answered } of pending) answered(new Error('Connection closed'));
    this.closed();
    if (this.state === 'closed') return;
    this.change('disconnected');
    this.delay *= 2;
    if (this.delay > LONGEST_WAIT_S) this.delay = FIRST_WAIT_S;
    this.connectLater(this.delay);
  }

  close() {
    clearTimeout(this.timer);
    this.change('closed');
    if (this.socket) this.socket.close();
  }
}
