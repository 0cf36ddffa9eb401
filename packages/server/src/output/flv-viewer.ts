import type { Framer, LiveStream, Viewer, ViewerEnd, ViewerSink } from "../hub/index.ts";
import type { EventLog } from "../log/index.ts";
import type { GroupMember, Membership, Wire, WireHandler, WriteGroup } from "../net/index.ts";
import { flvHeaderOf } from "./flv-framer.ts";

/** How an FLV viewer's bytes travel. */
export type FlvTransport = {
	readonly framer: Framer;
	/** What goes before the first tag: heads and the FLV header in the transport's form. */
	start(flvHeader: Uint8Array): Uint8Array;
	/** What goes after the last, when the stream ends. */
	readonly goodbye: Uint8Array | undefined;
};

/** A viewer of a live stream as FLV, over HTTP or WebSocket. It ends with its stream. */
export class FlvViewer implements ViewerSink, WireHandler {
	readonly framer: Framer;
	readonly #wire: Wire;
	readonly #transport: FlvTransport;
	readonly #log: EventLog;
	readonly #viewer: Viewer;
	readonly #now: () => number;
	readonly #onGone: (viewer: FlvViewer) => void;
	#ended = false;

	constructor(
		live: LiveStream,
		transport: FlvTransport,
		wire: (handler: WireHandler) => Wire,
		log: EventLog,
		now: () => number,
		onGone: (viewer: FlvViewer) => void,
	) {
		this.framer = transport.framer;
		this.#transport = transport;
		this.#log = log;
		this.#now = now;
		this.#onGone = onGone;
		this.#wire = wire(this);
		this.#wire.write(transport.start(flvHeaderOf(live.cache)));
		this.#viewer = live.attach(this);
		log.info("play");
	}

	offer(block: Uint8Array): boolean {
		if (this.#wire.backlog > 0) {
			this.#wire.notifyDrain();
			return false;
		}
		this.#wire.write(block);
		return true;
	}

	joinGroup(group: WriteGroup, member: GroupMember): Membership | undefined {
		return this.#wire.joinGroup?.(group, member);
	}

	onWireDrain(): void {
		this.#viewer.onDrain(this.#now());
	}

	onWireClosed(): void {
		this.#viewer.detach();
		this.#log.info("stop", { skips: this.#viewer.skips || undefined, bytes: this.#wire.bytesWritten });
		this.#onGone(this);
	}

	onPublished(): void {
		// It left with the publisher before; a viewer that is attached without one has nothing to be told.
	}

	onUnpublished(): void {
		this.end();
	}

	onSkipped(): void {
		// FLV has no word for it; the log has.
	}

	onEnded(reason: ViewerEnd): void {
		if (reason === "too-slow") {
			this.#log.warn("slow-viewer", { reason: "VIEWER_TOO_SLOW" });
			this.#wire.destroy();
		} else {
			this.end();
		}
	}

	/** Ends at once, for a viewer that does not read its goodbye. */
	destroy(): void {
		this.#wire.destroy();
	}

	/** Ends after what was sent. */
	end(): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#viewer.detach();
		const { goodbye } = this.#transport;
		if (goodbye !== undefined) this.#wire.write(goodbye);
		this.#wire.end();
	}
}
