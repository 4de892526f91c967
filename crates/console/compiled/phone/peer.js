/** The media of one call: microphone and camera, and the connection that carries them. */
/** Microphone, and camera when wished; fails with what the browser says. */
export function capture(wish) {
    if (navigator.mediaDevices === undefined) {
        return Promise.reject(new DOMException("", "SecurityError"));
    }
    const { processing } = wish;
    return navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: processing, noiseSuppression: processing, autoGainControl: processing },
        video: wish.video ? { width: { ideal: 1280 }, height: { ideal: 720 } } : false,
    });
}
/** Why there is no microphone, in words. */
export function withoutMicrophone(error) {
    const name = error instanceof DOMException ? error.name : "";
    switch (name) {
        case "NotAllowedError":
            return "The browser was not allowed to use the microphone or camera. Allow it in the address bar and call again.";
        case "NotFoundError":
            return "There is no microphone or camera to use.";
        case "NotReadableError":
            return "Another program holds the microphone or camera.";
        case "SecurityError":
            return "Browsers give the microphone only to pages from https or from this computer. Open this page that way.";
        default:
            return `The microphone cannot be used: ${error instanceof Error ? error.message : String(error)}`;
    }
}
/** Whether a description offers us moving pictures. */
export function offersVideo(sdp) {
    const session = sdp.split(/^m=/m);
    return session.slice(1).some((section) => {
        const port = /^video (\d+)/.exec(section);
        // A section that shares the transport of another one may come without a port (RFC 9143 §6).
        const live = port !== null && (port[1] !== "0" || /^a=bundle-only\s*$/m.test(section));
        return live && !/^a=(inactive|recvonly)\s*$/m.test(section);
    });
}
/**
 * A description that asks for both ears: the other side sends two channels of Opus only to who says so (RFC 7587 §6.1).
 * Chromium does not say it by itself, and hears in two channels once it does.
 */
export function inStereo(sdp) {
    const opus = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\s*$/gim)].map(([, type]) => type);
    return opus.reduce((text, type) => {
        const fmtp = new RegExp(`^a=fmtp:${type} (.*?)(\\r?)$`, "m");
        return text.replace(fmtp, (line, parameters, end) => /(^|;)\s*stereo=/.test(parameters) ? line : `a=fmtp:${type} ${parameters};stereo=1${end}`);
    }, sdp);
}
export class Peer {
    remote = new MediaStream();
    #connection;
    #listener;
    #local;
    #candidates = [];
    #complete = false;
    /** `iceServers`: those that help it through networks. */
    constructor(local, iceServers, listener) {
        this.#local = local;
        this.#listener = listener;
        const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: [...iceServers] });
        this.#connection = connection;
        connection.onicecandidate = ({ candidate }) => this.#found(candidate);
        connection.ontrack = ({ track }) => {
            this.remote.addTrack(track);
            listener.arrived(this.remote);
        };
        connection.onconnectionstatechange = () => {
            switch (connection.connectionState) {
                case "connected":
                    return listener.connection("up");
                case "disconnected":
                    return listener.connection("unsteady");
                case "failed":
                    return listener.connection("failed");
                case "new":
                case "connecting":
                case "closed":
                    return;
            }
        };
        for (const track of local.getTracks()) {
            connection.addTrack(track, local);
        }
    }
    get local() {
        return this.#local;
    }
    get hasVideo() {
        return this.#connection.getTransceivers().some(({ receiver, currentDirection }) => receiver.track.kind === "video" && currentDirection !== null && currentDirection !== "inactive");
    }
    /** An offer. Candidates are kept back until `signalled` says that the other side knows the call. */
    async offer() {
        return this.#describe(await this.#connection.createOffer());
    }
    /** An answer to their offer. */
    async answer(offer) {
        await this.#connection.setRemoteDescription({ type: "offer", sdp: offer });
        return this.#describe(await this.#connection.createAnswer());
    }
    /** Their answer to our offer. */
    async accept(answer) {
        await this.#connection.setRemoteDescription({ type: "answer", sdp: answer });
    }
    /** Takes our last offer back. */
    async withdraw() {
        if (this.#connection.signalingState === "have-local-offer") {
            await this.#connection.setLocalDescription({ type: "rollback" });
        }
    }
    /** The call is announced: what was found so far is passed on, and everything after it at once. */
    signalled() {
        const kept = this.#candidates ?? [];
        this.#candidates = undefined;
        for (const candidate of kept) {
            this.#listener.candidate(candidate);
        }
        if (this.#complete) {
            this.#listener.candidate(undefined);
        }
    }
    /** Whether the other side gets our sound and picture. */
    send(on) {
        for (const track of this.#local.getTracks()) {
            track.enabled = on;
        }
    }
    /** The directions of the next offer (RFC 3264 §8.4): on hold we still send, and receive nothing. */
    hold(on) {
        for (const transceiver of this.#connection.getTransceivers()) {
            const sends = transceiver.sender.track !== null;
            transceiver.direction = on ? (sends ? "sendonly" : "inactive") : sends ? "sendrecv" : "recvonly";
        }
    }
    /** Ends the media and lets microphone and camera go. */
    close() {
        this.#connection.onicecandidate = null;
        this.#connection.ontrack = null;
        this.#connection.onconnectionstatechange = null;
        this.#connection.close();
        for (const track of this.#local.getTracks()) {
            track.stop();
        }
    }
    #found(candidate) {
        if (candidate === null) {
            this.#complete = true;
            if (this.#candidates === undefined) {
                this.#listener.candidate(undefined);
            }
            return;
        }
        if (candidate.candidate === "") {
            // Some browsers mark the end of one generation this way, and say null afterwards.
            return;
        }
        const { sdpMid, sdpMLineIndex } = candidate;
        const found = { candidate: candidate.candidate, sdpMid, sdpMLineIndex };
        if (this.#candidates === undefined) {
            this.#listener.candidate(found);
        }
        else {
            this.#candidates.push(found);
        }
    }
    async #describe({ type, sdp }) {
        await this.#connection.setLocalDescription({ type, sdp: inStereo(sdp ?? "") });
        const description = this.#connection.localDescription;
        if (description === null) {
            throw new Error("the browser made no description");
        }
        return description.sdp;
    }
}
