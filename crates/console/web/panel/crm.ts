/** The page of another program inside the panel, loaded anew with what an event of one's own tells (event-api.md §10). */

import { part } from "../phone/announce.js";
import { object, string, type Fields } from "../rooms/wire.js";
import type { CrmSaid } from "./wire.js";

/** What of an event can stand in the page's address; `undefined`: the event is not about that user. */
export function properties(event: Fields, userId: string): Map<string, string> | undefined {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(event)) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      values.set(name, String(value));
    }
  }
  const own = ["", "1", "2"].find((suffix) => event[`userId${suffix}`] === userId);
  if (own === undefined) {
    return undefined;
  }
  if (own !== "") {
    // Of a pair, one's own side has its names without a number, and the other one with a word before them.
    for (const [name, value] of [...values]) {
      const plain = name.slice(0, -1);
      if (name.endsWith(own)) {
        values.set(plain, value);
      } else if (name.endsWith(own === "1" ? "2" : "1")) {
        values.set(`other${plain.charAt(0).toUpperCase()}${plain.slice(1)}`, value);
      }
    }
  }
  return values;
}

/** The address: what is not known is empty, and nothing that is put in can be more than text there. */
export function filled(template: string, values: ReadonlyMap<string, string>): string {
  return template.replace(/\{([^{}]*)\}/g, (_, name: string) => encodeURIComponent(values.get(name) ?? ""));
}

export class CrmFrame {
  readonly #panel = part("crm-panel", HTMLElement);
  readonly #title = part("crm-title", HTMLElement);
  readonly #frame = part("crm", HTMLIFrameElement);
  #crm: CrmSaid | undefined;
  #userId = "";

  /** Shows the page of whoever has signed in; of somebody who has come back it stays as it is. */
  begin(crm: CrmSaid | undefined, user: { userId: string; username: string }): void {
    if (crm?.url === this.#crm?.url && user.userId === this.#userId) {
      return;
    }
    this.#crm = crm;
    this.#userId = user.userId;
    this.#panel.hidden = crm === undefined;
    if (crm !== undefined) {
      this.#title.textContent = crm.title;
      this.#frame.title = crm.title;
      this.#load(new Map(Object.entries(user)));
    }
  }

  end(): void {
    if (this.#crm !== undefined) {
      this.#crm = undefined;
      this.#userId = "";
      this.#panel.hidden = true;
      this.#go("about:blank");
    }
  }

  /** Something was told. */
  told(text: string): void {
    if (this.#crm === undefined) {
      return;
    }
    const event = parsed(text);
    const values = event === undefined || string(event["type"]) !== this.#crm.event ? undefined : properties(event, this.#userId);
    if (values !== undefined) {
      this.#load(values);
    }
  }

  #load(values: ReadonlyMap<string, string>): void {
    this.#go(new URL(filled(this.#crm?.url ?? "", values), location.href).href);
  }

  /** In place of what was there: going back leads out of the panel, not through its calls. */
  #go(url: string): void {
    this.#frame.dataset["url"] = url;
    this.#frame.contentWindow?.location.replace(url);
  }
}

function parsed(text: string): Fields | undefined {
  try {
    return object(JSON.parse(text));
  } catch {
    return undefined;
  }
}
