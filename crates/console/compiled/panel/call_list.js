/** One's own calls, each with what can be done with it. */
import { part } from "../phone/announce.js";
import { movable } from "./calls.js";
import { button, label, made, put, Rows, since } from "./rows.js";
export class CallList {
    #none = part("no-calls", HTMLElement);
    #rows;
    constructor(listener) {
        this.#rows = new Rows(part("calls", HTMLElement), ({ own }) => own.id, (call) => new CallCard(call, listener));
    }
    show(calls) {
        this.#rows.show(calls);
        this.#none.hidden = calls.length > 0;
    }
}
const STAGES = {
    incoming: "calls you",
    outgoing: "is being called",
    talking: "talking",
    held: "on hold",
    room: "talking",
    queue: "waiting",
    other: "under way",
};
class CallCard {
    element = made("li", "own-call");
    #whom = made("h3");
    #stage = made("span");
    #time = made("span", "time");
    #move;
    #hold;
    #park;
    #record;
    #mute;
    #end;
    #may;
    #call;
    constructor(call, listener) {
        this.#call = call;
        this.#may = (right, segment) => listener.may(right, segment);
        const act = (text, name, deed) => button(text, name, () => listener.act(this.#call, deed(this.#call)));
        this.#move = button("Transfer …", "", () => listener.move(this.#call));
        this.#hold = act("Hold", "", ({ stage }) => (stage === "held" ? "unhold" : "hold"));
        this.#park = act("Park", "", () => "park");
        this.#record = act("Record", "", ({ own }) => (own.recorded ? "stopRecording" : "startRecording"));
        this.#mute = act("Mute", "", ({ own }) => (own.muted ? "unmute" : "mute"));
        this.#end = act("Hang up", "stop", () => "hangup");
        const deeds = { move: this.#move, hold: this.#hold, park: this.#park, record: this.#record, mute: this.#mute, end: this.#end };
        for (const [deed, one] of Object.entries(deeds)) {
            one.dataset["deed"] = deed;
        }
        const actions = made("div", "actions", ...Object.values(deeds));
        this.element.append(this.#whom, made("p", "doing", this.#stage, " ", this.#time), actions);
    }
    show(call) {
        this.#call = call;
        const moved = movable(call);
        const moves = moved !== undefined && this.#may("transfer", moved) ? moved : undefined;
        const talks = call.stage === "talking" || call.stage === "held";
        const may = (right) => this.#may(right, call.own);
        this.element.dataset["stage"] = call.stage;
        this.element.dataset["words"] = call.whom;
        if (moves === undefined) {
            delete this.element.dataset["drag"];
        }
        else {
            this.element.dataset["drag"] = moves.id;
        }
        put(this.#whom, call.whom);
        put(this.#stage, `${STAGES[call.stage]}${call.own.recorded ? ", recorded" : ""}${call.own.muted ? ", muted" : ""}`);
        since(this.#time, call.since);
        this.#move.hidden = moves === undefined;
        this.#hold.hidden = !talks || !may("hold");
        this.#park.hidden = !talks || call.other === undefined || !this.#may("park", call.other);
        this.#record.hidden = !talks || !may("record");
        this.#mute.hidden = (!talks && call.stage !== "room") || !may("mute");
        this.#end.hidden = !may("hangup");
        press(this.#hold, call.stage === "held");
        press(this.#record, call.own.recorded);
        press(this.#mute, call.own.muted);
        for (const one of [this.#move, this.#hold, this.#park, this.#record, this.#mute, this.#end]) {
            // It begins with the text that is seen, as those who speak to their computer say it.
            label(one, `${one.textContent.replace(" …", "")}: call with ${call.whom}`);
        }
    }
}
function press(button, pressed) {
    button.setAttribute("aria-pressed", String(pressed));
}
