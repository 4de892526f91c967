/** Puts the telephone and its face together. */
import { Display } from "./announce.js";
import { CallPanel, stateInWords } from "./call_panel.js";
import { DialPad } from "./dial_pad.js";
import { History } from "./history.js";
import { HistoryList } from "./history_list.js";
import { Phone } from "./phone.js";
import { SignIn } from "./sign_in.js";
import { Sounds } from "./sounds.js";
const display = new Display();
const sounds = new Sounds();
const history = new History(localStorage);
const ownDomain = () => signIn.domain;
const title = document.title;
const phone = new Phone({
    linkChanged(state, retryInSeconds) {
        signIn.linkChanged(state, retryInSeconds);
        if (state === "waiting" && retryInSeconds >= 1) {
            display.alarm(phone.call === undefined
                ? `There is no connection to the server. Trying again in ${retryInSeconds} seconds.`
                : "The connection to the server was lost. The call goes on for a while; trying to come back.");
        }
    },
    lineChanged(state, why) {
        signIn.lineChanged(state, phone.account);
        if (state === "registered") {
            display.say(`Signed in as ${phone.account}.`);
            if (phone.call === undefined && signOutHasFocus()) {
                pad.focus();
            }
        }
        else if (state === "failed") {
            display.alarm(why);
        }
        else if (state === "off") {
            display.say("Signed out.");
        }
    },
    offered(call, second) {
        const who = panel.name(call);
        const keys = second ? "" : " F2 answers, F8 declines.";
        display.alarm(second ? `A second call, from ${who}.` : `${stateInWords(call)} from ${who}.${keys}`);
        document.title = `☎ ${who}`;
    },
    changed(call) {
        if (call === phone.call && call.state !== "offered") {
            announce(call);
        }
        show();
    },
    arrived(call) {
        panel.arrived(call, sounds.context);
    },
    said(_call, text) {
        display.alarm(text);
    },
    ended(call) {
        finish(call);
    },
});
const signIn = new SignIn({
    signIn(url, credentials) {
        display.say("Signing in …");
        phone.signIn(url, credentials);
    },
    signOut: () => phone.signOut(),
    retry: () => phone.retryNow(),
    fault: (text) => display.alarm(text),
});
const panel = new CallPanel({
    answer,
    hangUp: () => phone.call?.hangUp(),
    toggleMute: () => phone.call?.mute(!phone.call.muted),
    toggleHold: () => void phone.call?.toggleHold(),
    answerWaiting() {
        sounds.wake();
        void phone.answerWaiting(wish(phone.waiting?.video === true));
        panel.focus();
    },
    declineWaiting() {
        phone.waiting?.hangUp();
        panel.focus();
    },
}, ownDomain);
const pad = new DialPad({
    dial,
    press: (digit) => phone.call?.press(digit),
    touched: (digit) => sounds.key(digit),
    fault: (text) => display.alarm(text),
}, ownDomain);
const list = new HistoryList(history, (uri) => {
    pad.prepare(uri);
    dial(uri, false);
}, ownDomain);
/** What was announced last, so that a repeated state is not read out again. */
let announced = "";
function announce(call) {
    const words = `${call.session} ${stateInWords(call)}`;
    if (words !== announced && call.state !== "ended") {
        announced = words;
        display.say(`${stateInWords(call)}: ${panel.name(call)}`);
    }
}
function show() {
    const { call, waiting } = phone;
    panel.show(call, waiting, sounds.context);
    pad.callChanged(call !== undefined && call.state !== "offered");
    if (call?.state === "offered") {
        sounds.bell();
    }
    else if (call?.state === "ringing") {
        sounds.ringing();
    }
    else {
        sounds.silence();
    }
    if (call === undefined || (call.state !== "offered" && waiting === undefined)) {
        document.title = call === undefined ? title : `${panel.name(call)} – ${title}`;
    }
}
function finish(call) {
    const hadFocus = panel.hasFocus;
    const { ending } = call;
    history.add({
        when: call.began,
        uri: call.other.uri,
        name: call.other.displayName,
        outgoing: call.outgoing,
        ending,
        seconds: call.upSince === undefined ? 0 : (Date.now() - call.upSince) / 1000,
    });
    list.show();
    if (ending === "missed") {
        display.say(`Missed call from ${panel.name(call)}.`);
    }
    else if (ending === "failed" || (ending === "declined" && call.outgoing)) {
        display.alarm(call.lastWords);
    }
    else {
        display.say(call.lastWords);
    }
    if (phone.call === undefined && hadFocus) {
        // The panel vanishes with the button that was pressed last.
        queueMicrotask(() => pad.focus());
    }
}
function dial(uri, video) {
    sounds.wake();
    if (phone.line !== "registered") {
        display.alarm("Sign in first.");
        return;
    }
    if (phone.dial(uri, wish(video)) === undefined) {
        display.alarm(phone.call === undefined ? "There is no connection to the server." : "There is a call already.");
        return;
    }
    panel.focus();
}
function answer(video) {
    sounds.wake();
    void phone.call?.answer(wish(video));
    panel.focus();
}
function wish(video) {
    return { video, processing: signIn.processing };
}
function signOutHasFocus() {
    return document.activeElement?.id === "sign-out";
}
document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat) {
        return;
    }
    if (event.key === "F2" && phone.call?.state === "offered") {
        event.preventDefault();
        answer(false);
    }
    else if (event.key === "F8" && phone.call !== undefined) {
        event.preventDefault();
        phone.call.hangUp();
    }
});
// Browsers let a page make sounds after the first click or key.
for (const gesture of ["pointerdown", "keydown"]) {
    document.addEventListener(gesture, () => sounds.wake(), { once: true });
}
window.addEventListener("beforeunload", (event) => {
    if (phone.call !== undefined && phone.call.state !== "offered") {
        event.preventDefault();
    }
});
window.addEventListener("pagehide", () => {
    phone.call?.hangUp();
    phone.waiting?.hangUp();
});
window.addEventListener("online", () => phone.retryNow());
list.show();
show();
signIn.resume();
