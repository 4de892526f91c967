/**
 * The caller's card: an example of a page inside the panel. It is of the panel's origin, so the cookie by which its user
 * has signed in opens the Event API to it, with what is about that user.
 */

import { part } from "../phone/announce.js";
import { Backoff } from "../phone/backoff.js";
import { outcome } from "../panel/past_calls.js";
import { made, put } from "../panel/rows.js";
import { all, past, segment as segmentSaid, session, type SegmentSaid, type Session } from "../panel/wire.js";
import { called, clock } from "../panel/words.js";
import { object } from "../rooms/wire.js";
import { after, fromAddress, WORDS, type Card } from "./card.js";

const base = document.documentElement.dataset["base"] ?? "";

/** Earlier calls shown, and how often they are asked for while another search of the same user is under way. */
const EARLIER = 5;
const ATTEMPTS = 4;

const backoff = new Backoff();
let card = fromAddress(new URLSearchParams(location.search));
let who: Session | undefined;
let asked = "";

function show(): void {
  const whom = called(card);
  put(part("whom", HTMLElement), card.stage === "none" ? "" : whom);
  put(part("stage", HTMLElement), WORDS[card.stage]);
  document.body.dataset["stage"] = card.stage;
  put(part("since", HTMLElement), card.since === undefined ? "" : `since ${clock(card.since, Date.now())}`);
  put(part("did", HTMLElement), card.did === "" ? "" : `called ${card.did}`);
  if (card.number !== "" && card.number !== asked && who !== undefined) {
    asked = card.number;
    earlier(who, card.number).catch(loadedAnew);
  }
}

async function connect(): Promise<void> {
  try {
    const answer = await fetch(`${base}/session`, { cache: "no-store" });
    who = answer.status === 200 ? session(await answer.json()) : undefined;
    if (answer.status === 401) {
      put(part("link", HTMLElement), "Nobody is signed in.");
      return;
    }
  } catch {
    who = undefined;
  }
  if (who === undefined) {
    again();
    return;
  }
  const me = who;
  const url = new URL(`${base}/events/own`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.onopen = () => {
    backoff.opened();
    put(part("link", HTMLElement), "");
    show();
    look(me)
      .catch(loadedAnew)
      .finally(() => {
        document.body.dataset["link"] = "open";
      });
  };
  socket.onmessage = ({ data }) => {
    const event = parsed(data);
    if (event !== undefined) {
      const next: Card = after(card, event, me.userId);
      if (next !== card) {
        card = next;
        show();
      }
    }
  };
  socket.onclose = () => {
    delete document.body.dataset["link"];
    again();
  };
}

/** What happened to the call of the address before this page was told of anything. */
async function look({ coreServer, extensionIds }: Session): Promise<void> {
  const { segment } = card;
  if (segment === "" || (card.stage !== "talking" && card.stage !== "held")) {
    return;
  }
  const root = `${base}/live/coreServers/${encodeURIComponent(coreServer)}`;
  const own: SegmentSaid[] = [];
  for (const id of extensionIds) {
    const answer = await fetch(`${root}/extensions/${encodeURIComponent(id)}/callSegments`, { cache: "no-store" }).catch(() => undefined);
    if (answer?.status !== 200) {
      return;
    }
    own.push(...all(await answer.json(), segmentSaid));
  }
  if (card.segment !== segment) {
    return;
  }
  const said = own.find(({ id }) => id === segment);
  if (said === undefined || said.links.length === 0) {
    card = { ...card, stage: "ended", since: undefined };
  } else {
    card = { ...card, stage: said.held ? "held" : "talking" };
  }
  show();
}

/** An answer was broken off: the panel loads this page anew at every call. */
function loadedAnew(): void {}

function again(): void {
  put(part("link", HTMLElement), "There is no connection to the server.");
  setTimeout(() => void connect(), backoff.wait() * 1000);
}

/** Calls with that number that have ended, as far as this user may see them. */
async function earlier({ coreServer, keepsCalls }: Session, number: string): Promise<void> {
  const panel = part("earlier-panel", HTMLElement);
  panel.hidden = !keepsCalls;
  if (!keepsCalls) {
    return;
  }
  const query = new URLSearchParams({ search: number, limit: String(EARLIER) });
  const url = `${base}/live/coreServers/${encodeURIComponent(coreServer)}/callHistory?${query}`;
  const words = part("earlier-none", HTMLElement);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const answer = await fetch(url, { cache: "no-store" }).catch(() => undefined);
    if (number !== card.number) {
      return;
    }
    if (answer?.status === 429 && attempt < ATTEMPTS) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      continue;
    }
    const page = answer?.status === 200 ? past(await answer.json()) : undefined;
    const calls = page?.calls ?? [];
    const cells = (call: (typeof calls)[number]) => [
      call.start === undefined ? "" : clock(call.start, Date.now()),
      called(call),
      call.destination,
      outcome(call),
    ];
    part("earlier", HTMLElement).replaceChildren(...calls.map((call) => made("tr", "", ...cells(call).map((text) => made("td", "", text)))));
    const why = answer === undefined ? "There is no connection to the server." : page === undefined ? await answer.text() : "There is none.";
    put(words, calls.length > 0 ? "" : why);
    return;
  }
}

function parsed(data: unknown): Record<string, unknown> | undefined {
  try {
    return typeof data === "string" ? object(JSON.parse(data)) : undefined;
  } catch {
    return undefined;
  }
}

show();
void connect();
