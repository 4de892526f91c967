/** Queues: who waits in them, and who answers. */

import { part } from "../phone/announce.js";
import { fill } from "../rooms/person_panel.js";
import type { Office, Queue, Resting, Segment } from "./office.js";
import { button, label, made, put, Rows, since } from "./rows.js";
import type { Person } from "./people_list.js";
import type { AgentSaid } from "./wire.js";
import { called, ofAgent } from "./words.js";

export interface QueuesListener {
  may(right: "agent_login" | "pause_member" | "penalty", queue: Queue, extension: string | undefined): boolean;
  /** It may be sent elsewhere. */
  mayMove(segment: Segment): boolean;
  /** There is a phone to take calls to. */
  mayTake(segment: Segment): boolean;
  /** `penalty` `undefined`: what is usual for the extension. */
  logIn(queue: Queue, extension: string, penalty: number | undefined): void;
  /** `deed` is asked for with a reason where that makes sense. */
  agent(queue: Queue, agent: AgentSaid, deed: "logout" | "pause" | "unpause"): void;
  penalty(queue: Queue, agent: AgentSaid, penalty: number): void;
  /** The caller is taken to one's own phone. */
  take(segment: Segment): void;
  move(segment: Segment): void;
}

/** Somebody in line. */
export interface Caller {
  segment: Segment;
  place: Resting;
}

interface Shown {
  queue: Queue;
  callers: Caller[];
  agents: AgentSaid[];
  people: readonly Person[];
}

export class QueueList {
  readonly #panel = part("queues-panel", HTMLElement);
  readonly #rows: Rows<Shown>;

  constructor(listener: QueuesListener) {
    this.#rows = new Rows(part("queues", HTMLElement), ({ queue }) => queue.id, (shown) => new QueueCard(shown, listener));
  }

  show(office: Office, people: readonly Person[]): void {
    this.#panel.hidden = office.queues.size === 0;
    this.#rows.show([...office.queues.values()].map((queue) => ({ queue, people, callers: inLine(office, queue.waiting), agents: sorted(queue) })));
  }
}

/** Those who wait, in the order of their places. */
export function inLine(office: Office, resting: ReadonlyMap<string, Resting>): Caller[] {
  const callers = [...resting].flatMap(([id, place]) => {
    const segment = office.segments.get(id);
    return segment === undefined ? [] : [{ segment, place }];
  });
  return callers.sort((a, b) => a.place.position - b.place.position || a.place.slot.localeCompare(b.place.slot, undefined, { numeric: true }));
}

function sorted(queue: Queue): AgentSaid[] {
  return [...queue.agents.values()].sort((a, b) => a.penalty - b.penalty || a.name.localeCompare(b.name, undefined, { numeric: true }));
}

class QueueCard {
  readonly element = made("li", "queue");
  readonly #title = made("h3");
  readonly #waiting = made("p", "hint");
  readonly #callers: Rows<Caller>;
  readonly #agents: Rows<AgentSaid>;
  readonly #noAgents = made("p", "hint", "Nobody is logged in.");
  readonly #who = made("select");
  readonly #penalty = made("input");
  readonly #login = made("details");
  readonly #listener: QueuesListener;
  #queue: Queue;

  constructor({ queue }: Shown, listener: QueuesListener) {
    this.#queue = queue;
    this.#listener = listener;
    this.element.dataset["target"] = `queue ${queue.id}`;
    this.element.dataset["queue"] = queue.number;
    const callers = list(`Waiting in ${queue.name}`);
    const agents = list(`Agents of ${queue.name}`);
    this.#callers = new Rows(callers, ({ segment }) => segment.id, (caller) => new CallerRow(caller, listener));
    this.#agents = new Rows(agents, ({ id }) => id, (agent) => new AgentRow(agent, () => this.#queue, listener));
    const summary = made("summary", "", "Log somebody in");
    const form = made("form", "", field(`who-${queue.id}`, "Extension", this.#who), field(`penalty-${queue.id}`, "Penalty, if not the usual one", this.#penalty));
    const submit = made("button", "", "Log in");
    this.#penalty.type = "number";
    this.#penalty.min = "0";
    this.#penalty.max = "100";
    form.append(submit);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const penalty = this.#penalty.value;
      listener.logIn(this.#queue, this.#who.value, penalty === "" ? undefined : Number(penalty));
    });
    this.element.append(this.#title, this.#waiting, callers, agents, this.#noAgents, this.#login);
    this.#login.append(summary, form);
  }

  show({ queue, callers, agents, people }: Shown): void {
    this.#queue = queue;
    put(this.#title, queue.name === queue.number || queue.number === "" ? queue.name : `${queue.name}, ${queue.number}`);
    put(this.#waiting, callers.length === 0 ? "Nobody waits." : callers.length === 1 ? "1 caller waits." : `${callers.length} callers wait.`);
    this.#callers.show(callers);
    this.#agents.show(agents);
    this.#noAgents.hidden = agents.length > 0;
    const there = new Set(agents.map(({ extension }) => extension));
    const others = people.filter(({ extension }) => !there.has(extension.id) && this.#listener.may("agent_login", queue, extension.id));
    this.#login.hidden = others.length === 0;
    // The list would jump under somebody's hand.
    if (document.activeElement !== this.#who) {
      const chosen = this.#who.value;
      fill(this.#who, others.map(({ extension, name, isOwn }) => ({ value: extension.id, text: `${name}${isOwn ? " (you)" : ""}, ${extension.number}` })));
      this.#who.value = others.some(({ extension }) => extension.id === chosen) ? chosen : (others[0]?.extension.id ?? "");
    }
  }
}

/** A call that waits, in a queue or a parking lot. */
export class CallerRow {
  readonly element = made("li", "caller");
  readonly #words = made("span");
  readonly #time = made("span", "time");
  readonly #take: HTMLButtonElement;
  readonly #move: HTMLButtonElement;
  readonly #listener: Pick<QueuesListener, "take" | "move" | "mayMove" | "mayTake">;
  #caller: Caller;

  constructor(caller: Caller, listener: Pick<QueuesListener, "take" | "move" | "mayMove" | "mayTake">) {
    this.#caller = caller;
    this.#listener = listener;
    this.#take = button("Take", "small go", () => listener.take(this.#caller.segment));
    this.#move = button("Move …", "small", () => listener.move(this.#caller.segment));
    this.element.append(made("p", "", this.#words, " ", this.#time), made("div", "few", this.#take, this.#move));
  }

  show(caller: Caller): void {
    this.#caller = caller;
    const whom = called(caller.segment);
    const moves = this.#listener.mayMove(caller.segment);
    if (moves) {
      this.element.dataset["drag"] = caller.segment.id;
    } else {
      delete this.element.dataset["drag"];
    }
    this.#move.hidden = !moves;
    this.#take.hidden = !this.#listener.mayTake(caller.segment);
    this.element.dataset["words"] = whom;
    put(this.#words, `${caller.place.slot === "" ? caller.place.position : caller.place.slot}: ${whom}`);
    since(this.#time, caller.place.since);
    label(this.#take, `Take ${whom} to your phone`);
    label(this.#move, `Move ${whom}`);
  }
}

class AgentRow {
  readonly element = made("li", "agent");
  readonly #name = made("strong");
  readonly #state = made("span");
  readonly #pause: HTMLButtonElement;
  readonly #out: HTMLButtonElement;
  readonly #penalty = made("input");
  readonly #may: (right: "agent_login" | "pause_member" | "penalty") => boolean;
  #agent: AgentSaid;

  constructor(agent: AgentSaid, queue: () => Queue, listener: QueuesListener) {
    this.#agent = agent;
    this.#may = (right) => listener.may(right, queue(), this.#agent.extension);
    this.#pause = button("Pause", "small", () => listener.agent(queue(), this.#agent, this.#agent.paused ? "unpause" : "pause"));
    this.#out = button("Log out", "small", () => listener.agent(queue(), this.#agent, "logout"));
    this.#penalty.type = "number";
    this.#penalty.min = "0";
    this.#penalty.max = "100";
    this.#penalty.required = true;
    this.#penalty.addEventListener("change", () => {
      if (this.#penalty.reportValidity()) {
        listener.penalty(queue(), this.#agent, Number(this.#penalty.value));
      }
    });
    this.element.append(made("p", "", this.#name, " ", this.#state), made("div", "few", this.#pause, this.#out, this.#penalty));
  }

  show(agent: AgentSaid): void {
    this.#agent = agent;
    this.element.dataset["agent"] = agent.name;
    this.element.classList.toggle("paused", agent.paused);
    put(this.#name, agent.name);
    put(this.#state, ofAgent(agent));
    this.#pause.hidden = !this.#may("pause_member");
    this.#out.hidden = !this.#may("agent_login");
    this.#penalty.hidden = !this.#may("penalty");
    this.#pause.setAttribute("aria-pressed", String(agent.paused));
    label(this.#pause, `Pause ${agent.name}`);
    label(this.#out, `Log out ${agent.name}`);
    label(this.#penalty, `Penalty of ${agent.name}`);
    if (document.activeElement !== this.#penalty) {
      this.#penalty.value = String(agent.penalty);
    }
  }
}

function list(name: string): HTMLUListElement {
  const element = made("ul", "plain");
  element.tabIndex = -1;
  label(element, name);
  return element;
}

function field(id: string, words: string, control: HTMLElement): HTMLElement {
  const name = made("label", "", words);
  name.htmlFor = id;
  control.id = id;
  return made("div", "field", name, control);
}
