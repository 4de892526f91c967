/** Queues: who waits in them, and who answers. */
import { part } from "../phone/announce.js";
import { fill } from "../rooms/person_panel.js";
import { button, label, made, put, Rows, since } from "./rows.js";
import { called, ofAgent } from "./words.js";
export class QueueList {
    #panel = part("queues-panel", HTMLElement);
    #rows;
    constructor(listener) {
        this.#rows = new Rows(part("queues", HTMLElement), ({ queue }) => queue.id, (shown) => new QueueCard(shown, listener));
    }
    show(office, people) {
        this.#panel.hidden = office.queues.size === 0;
        this.#rows.show([...office.queues.values()].map((queue) => ({ queue, people, callers: inLine(office, queue.waiting), agents: sorted(queue) })));
    }
}
/** Those who wait, in the order of their places. */
export function inLine(office, resting) {
    const callers = [...resting].flatMap(([id, place]) => {
        const segment = office.segments.get(id);
        return segment === undefined ? [] : [{ segment, place }];
    });
    return callers.sort((a, b) => a.place.position - b.place.position || a.place.slot.localeCompare(b.place.slot, undefined, { numeric: true }));
}
function sorted(queue) {
    return [...queue.agents.values()].sort((a, b) => a.penalty - b.penalty || a.name.localeCompare(b.name, undefined, { numeric: true }));
}
class QueueCard {
    element = made("li", "queue");
    #title = made("h3");
    #waiting = made("p", "hint");
    #callers;
    #agents;
    #noAgents = made("p", "hint", "Nobody is logged in.");
    #who = made("select");
    #penalty = made("input");
    #login = made("details");
    #listener;
    #queue;
    constructor({ queue }, listener) {
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
    show({ queue, callers, agents, people }) {
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
    element = made("li", "caller");
    #words = made("span");
    #time = made("span", "time");
    #take;
    #move;
    #listener;
    #caller;
    constructor(caller, listener) {
        this.#caller = caller;
        this.#listener = listener;
        this.#take = button("Take", "small go", () => listener.take(this.#caller.segment));
        this.#move = button("Move …", "small", () => listener.move(this.#caller.segment));
        this.element.append(made("p", "", this.#words, " ", this.#time), made("div", "few", this.#take, this.#move));
    }
    show(caller) {
        this.#caller = caller;
        const whom = called(caller.segment);
        const moves = this.#listener.mayMove(caller.segment);
        if (moves) {
            this.element.dataset["drag"] = caller.segment.id;
        }
        else {
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
    element = made("li", "agent");
    #name = made("strong");
    #state = made("span");
    #pause;
    #out;
    #penalty = made("input");
    #may;
    #agent;
    constructor(agent, queue, listener) {
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
    show(agent) {
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
function list(name) {
    const element = made("ul", "plain");
    element.tabIndex = -1;
    label(element, name);
    return element;
}
function field(id, words, control) {
    const name = made("label", "", words);
    name.htmlFor = id;
    control.id = id;
    return made("div", "field", name, control);
}
