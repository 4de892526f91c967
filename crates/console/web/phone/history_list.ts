/** The list of calls on the page. */

import { shown } from "./address.js";
import { part } from "./announce.js";
import { duration, type Entry, type History } from "./history.js";

export class HistoryList {
  readonly #list = part("calls", HTMLOListElement);
  readonly #empty = part("no-calls", HTMLElement);
  readonly #clear = part("clear", HTMLButtonElement);
  readonly #history: History;
  readonly #callBack: (uri: string) => void;
  readonly #ownDomain: () => string;

  constructor(history: History, callBack: (uri: string) => void, ownDomain: () => string) {
    this.#history = history;
    this.#callBack = callBack;
    this.#ownDomain = ownDomain;
    this.#clear.addEventListener("click", () => {
      history.clear();
      this.show();
      part("history-title", HTMLElement).focus();
    });
  }

  show(): void {
    const { entries } = this.#history;
    this.#list.replaceChildren(...entries.map((entry) => this.#row(entry)));
    this.#empty.hidden = entries.length > 0;
    this.#clear.hidden = entries.length === 0;
  }

  #row(entry: Entry): HTMLLIElement {
    const row = document.createElement("li");
    const who = shown(entry.uri, entry.name, this.#ownDomain());
    const name = text("span", "who", who);
    const what = text("span", "what", inWords(entry));
    const when = document.createElement("time");
    when.dateTime = new Date(entry.when).toISOString();
    when.textContent = new Date(entry.when).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    const back = text("button", "back", "Call") as HTMLButtonElement;
    back.type = "button";
    back.setAttribute("aria-label", `Call ${who}`);
    back.addEventListener("click", () => this.#callBack(entry.uri));
    row.dataset["ending"] = entry.ending;
    row.dataset["direction"] = entry.outgoing ? "out" : "in";
    const words = document.createElement("span");
    words.className = "words";
    words.append(name, what, when);
    row.append(words, back);
    return row;
  }
}

function inWords(entry: Entry): string {
  const direction = entry.outgoing ? "Called" : "Came in";
  switch (entry.ending) {
    case "ended":
      return `${direction}, ${duration(entry.seconds)}`;
    case "missed":
      return "Missed";
    case "cancelled":
      return "Called, cancelled";
    case "declined":
      return entry.outgoing ? "Called, declined or busy" : "Declined";
    case "failed":
      return `${direction}, failed`;
  }
}

function text(tag: string, className: string, content: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = content;
  return element;
}
