/** One call: what it is doing, and what the person may do with it. */
import { capture, offersVideo, Peer, withoutMicrophone } from "./peer.js";
import { ending, ofCall } from "./reason.js";
export class Call {
    session;
    other;
    outgoing;
    began = Date.now();
    /** When the two sides were connected, or nothing. */
    upSince;
    state;
    hold = "off";
    muted = false;
    /** Wished by us, or offered by them. */
    video;
    /** Set at the end. */
    reason = "";
    endedHere = false;
    #line;
    #listener;
    #offer;
    #peer;
    #answered = false;
    constructor(line, listener, session, other, offer) {
        this.#line = line;
        this.#listener = listener;
        this.#offer = offer;
        this.session = session;
        this.other = other;
        this.outgoing = offer === undefined;
        this.state = this.outgoing ? "preparing" : "offered";
        this.video = offer !== undefined && offersVideo(offer);
    }
    /** Calls somebody. */
    static place(line, listener, session, uri, wish) {
        const call = new Call(line, listener, session, { uri, displayName: "" });
        call.video = wish.video;
        void call.#place(wish);
        return call;
    }
    /** Somebody calls. */
    static offered(line, listener, message) {
        return new Call(line, listener, message.session, message.from, message.sdp);
    }
    get local() {
        return this.#peer?.local;
    }
    get remote() {
        return this.#peer?.remote;
    }
    get wasUp() {
        return this.upSince !== undefined;
    }
    /** For the list of calls. */
    get ending() {
        return ending(this.reason, this.outgoing, this.wasUp, this.endedHere);
    }
    /** The sentence the call ended with. */
    get lastWords() {
        if (this.endedHere) {
            return this.wasUp ? "You hung up." : this.outgoing ? "You cancelled the call." : "You declined the call.";
        }
        return this.wasUp && this.reason.startsWith("200") ? "The other side hung up." : ofCall(this.reason);
    }
    /** Takes the offered call. */
    async answer(wish) {
        const offer = this.#offer;
        if (this.state !== "offered" || offer === undefined) {
            return;
        }
        this.#go("preparing");
        const local = await this.#capture(wish);
        if (local === undefined) {
            return;
        }
        try {
            const peer = this.#connect(local);
            const sdp = await peer.answer(offer);
            if (this.#isOver()) {
                return;
            }
            await this.#ask({ sylkrtc: "session-answer", session: this.session, sdp });
            peer.signalled();
        }
        catch (error) {
            this.#giveUp(error);
        }
    }
    /** Hangs up, cancels or declines, whichever it is at this moment. */
    hangUp() {
        if (this.#isOver()) {
            return;
        }
        this.endedHere = true;
        this.#ask({ sylkrtc: "session-terminate", session: this.session }).catch(() => { });
        // The server says so too, in a moment; nobody has to wait for it.
        this.end("");
    }
    mute(on) {
        this.muted = on;
        this.#peer?.send(this.#sends());
        this.#listener.changed(this);
    }
    /** Asks the other side to wait, or to come back. */
    async toggleHold() {
        const peer = this.#peer;
        const on = this.hold === "off";
        if (peer === undefined || this.state !== "up" || (this.hold !== "on" && !on)) {
            return;
        }
        this.#holds(on ? "asking-on" : "asking-off");
        try {
            peer.hold(on);
            const sdp = await peer.offer();
            await this.#ask({ sylkrtc: "session-update", session: this.session, sdp });
        }
        catch (error) {
            await this.#holdRefused(error instanceof Error ? error.message : String(error));
        }
    }
    /** Presses a key: one of `0` to `9`, `*`, `#`. */
    press(digit) {
        this.#ask({ sylkrtc: "session-dtmf-info", session: this.session, digit }).catch((error) => {
            const why = error instanceof Error ? error.message : String(error);
            this.#listener.said(this, `The key ${digit} was not sent: ${why}`);
        });
    }
    /** Something the gateway said about this call. */
    async take(message) {
        if (this.#isOver()) {
            return;
        }
        try {
            if (message.kind === "state") {
                await this.#takeState(message);
            }
            else if (message.kind === "update") {
                await this.#takeUpdate(message);
            }
        }
        catch (error) {
            this.#giveUp(error);
        }
    }
    /** Over, whoever ended it. */
    end(reason) {
        if (this.#isOver()) {
            return;
        }
        this.reason = reason;
        this.#peer?.close();
        this.#go("ended");
    }
    async #place(wish) {
        const local = await this.#capture(wish);
        if (local === undefined) {
            return;
        }
        try {
            const peer = this.#connect(local);
            const sdp = await peer.offer();
            if (this.#isOver()) {
                return;
            }
            this.#go("calling");
            const { session, other } = this;
            const placed = this.#ask({ sylkrtc: "session-create", account: this.#line.account, session, uri: other.uri, sdp });
            peer.signalled();
            await placed;
        }
        catch (error) {
            this.#giveUp(error);
        }
    }
    async #takeState(message) {
        switch (message.state) {
            case "progress":
            case "proceeding":
                return;
            case "ringing":
                if (this.state === "calling") {
                    this.#go("ringing");
                }
                return;
            case "early-media":
                await this.#takeAnswer(message.sdp);
                if (this.state === "calling" || this.state === "ringing") {
                    this.#go("early");
                }
                return;
            case "accepted":
                await this.#takeAnswer(message.sdp);
                this.upSince ??= Date.now();
                this.#go("up");
                return;
            case "established":
                this.#listener.changed(this);
                return;
            case "terminated":
                this.end(message.reason);
        }
    }
    /** There is one answer in a call; the gateway says it early or at the end. */
    async #takeAnswer(sdp) {
        if (sdp !== undefined && this.outgoing && !this.#answered) {
            this.#answered = true;
            await this.#peer?.accept(sdp);
        }
    }
    async #takeUpdate(message) {
        const peer = this.#peer;
        if (peer === undefined) {
            return;
        }
        switch (message.state) {
            case "received": {
                // What we send stays as it was: a picture from here is the person's decision.
                const sdp = await peer.answer(message.sdp);
                this.video = peer.hasVideo;
                await this.#ask({ sylkrtc: "session-update", session: this.session, sdp });
                this.#listener.changed(this);
                return;
            }
            case "accepted":
                await peer.accept(message.sdp);
                this.#holds(this.hold === "asking-on" || this.hold === "on" ? "on" : "off");
                return;
            case "failed":
                await this.#holdRefused(ofCall(message.reason));
        }
    }
    async #holdRefused(why) {
        const wanted = this.hold === "asking-on";
        await this.#peer?.withdraw();
        this.#peer?.hold(!wanted);
        this.#holds(wanted ? "off" : "on");
        this.#listener.said(this, wanted ? `The call was not put on hold: ${why}` : `The call is still on hold: ${why}`);
    }
    #holds(state) {
        this.hold = state;
        this.#peer?.send(this.#sends());
        this.#listener.changed(this);
    }
    #sends() {
        return !this.muted && this.hold === "off";
    }
    async #capture(wish) {
        try {
            const local = await capture(wish);
            if (!this.#isOver()) {
                return local;
            }
            for (const track of local.getTracks()) {
                track.stop();
            }
        }
        catch (error) {
            if (!this.#isOver()) {
                this.#listener.said(this, withoutMicrophone(error));
                this.hangUp();
            }
        }
        return undefined;
    }
    #connect(local) {
        const peer = new Peer(local, this.#line.iceServers(), {
            candidate: (candidate) => {
                const candidates = candidate === undefined ? [] : [candidate];
                this.#ask({ sylkrtc: "session-trickle", session: this.session, candidates }).catch(() => { });
            },
            arrived: () => this.#listener.arrived(this),
            connection: (state) => {
                if (state === "failed") {
                    this.#ask({ sylkrtc: "session-terminate", session: this.session }).catch(() => { });
                    this.end("ICE failed");
                }
                else if (state === "unsteady") {
                    this.#listener.said(this, "The connection is unsteady.");
                }
            },
        });
        this.#peer = peer;
        peer.send(this.#sends());
        this.#listener.changed(this);
        return peer;
    }
    /** What should work did not: the call ends, and says why. */
    #giveUp(error) {
        if (!this.#isOver()) {
            this.#ask({ sylkrtc: "session-terminate", session: this.session }).catch(() => { });
            this.end(`Error: ${error instanceof Error ? error.message : String(error)}`);
        }
    }
    #ask(request) {
        return this.#line.gateway.ask(request);
    }
    #isOver() {
        return this.state === "ended";
    }
    #go(state) {
        this.state = state;
        this.#listener.changed(this);
    }
}
