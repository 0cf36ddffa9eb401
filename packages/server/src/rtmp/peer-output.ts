import type { MemoryPool } from "@millrace/core/bytes";
import type { RtmpLink } from "@millrace/core/rtmp";
import type { GroupMember, Membership, Wire, WriteGroup } from "../net/index.ts";
import type { PlayTransport } from "./playing.ts";

/** Answers to what came together leave together, but no more of them wait than this, in bytes. */
const TURN_OUTPUT_BYTES = 16 * 1024;

type OutputLink = Pick<RtmpLink, "outputBytes" | "takeOutput" | "outputSent" | "seal" | "encrypted">;

/** Counts what is sent, and keeps media back where there is a limit. */
export interface OutputMeter {
	readonly isThrottled: boolean;
	/** Nothing need be counted. */
	readonly isUnlimited: boolean;
	sent(bytes: number): void;
}

/**
 * What leaves to one client, in the order in which it was said: what its connection has queued, in few writes, and
 * between that the blocks of what it plays. A client that does not take what it was sent is sent no more.
 */
export class PeerOutput implements PlayTransport {
	readonly #wire: Wire;
	readonly #link: OutputLink;
	readonly #meter: OutputMeter;
	readonly #blocks: MemoryPool | undefined;
	/** How many hold back what is queued, so that it leaves in one write. */
	#holds = 0;
	#membership: Membership | undefined;
	#hasEnded = false;
	#isGoodbyeWanted = true;

	/** @param blocks memory for encrypted copies; default: each has memory of its own */
	constructor(wire: Wire, link: OutputLink, meter: OutputMeter, blocks?: MemoryPool) {
		this.#wire = wire;
		this.#link = link;
		this.#meter = meter;
		this.#blocks = blocks;
	}

	get isThrottled(): boolean {
		return this.#meter.isThrottled;
	}

	get isSpent(): boolean {
		return this.#wire.isSpent;
	}

	offer(block: Uint8Array): boolean {
		const wire = this.#wire;
		if (wire.backlog > 0) {
			wire.notifyDrain();
			return false;
		}
		if (this.#link.outputBytes > 0) this.#write();
		const blocks = this.#blocks;
		const sealed = this.#link.seal(block, blocks);
		wire.write(sealed);
		this.#meter.sent(block.length);
		// An encrypted copy is this viewer's alone.
		if (sealed !== block && wire.isSpent) blocks?.give(sealed);
		return true;
	}

	joinGroup(group: WriteGroup, member: GroupMember): Membership | undefined {
		if (this.#holds > 0 || this.#link.encrypted || !this.#meter.isUnlimited) return undefined;
		const membership = this.#wire.joinGroup?.(group, member);
		if (membership !== undefined) this.#membership = membership;
		return membership;
	}

	/** Blocks pass by here again: a limit is to count them. */
	leaveGroup(): void {
		this.#membership?.leave();
		this.#membership = undefined;
	}

	isReady(): boolean {
		if (this.isThrottled) return false;
		if (this.#wire.backlog === 0) return true;
		this.#wire.notifyDrain();
		return false;
	}

	/** Sends what is queued, unless the client has not taken what was sent before, or somebody holds it. */
	flush(): void {
		if (this.#holds > 0 && this.#link.outputBytes < TURN_OUTPUT_BYTES) return;
		const isRead = this.#wire.backlog === 0;
		if (this.#link.outputBytes > 0) {
			if (isRead || this.#hasEnded) this.#write();
			else this.#wire.notifyDrain();
		}
		if (!this.#hasEnded) return;
		// Who is closed for a fault and does not read gets no goodbye either: what waits for it is let go of at once.
		if (this.#isGoodbyeWanted || isRead) this.#wire.end();
		else this.#wire.destroy();
	}

	/** Sends what is queued, held or not. False: the client has not taken all that it was sent. */
	writeNow(): boolean {
		if (this.#wire.backlog > 0) return false;
		this.#write();
		return this.#wire.backlog === 0;
	}

	/** What is queued from now on waits for `release`. They come in pairs, which may be nested. */
	hold(): void {
		// What is queued comes before the blocks that follow it.
		this.leaveGroup();
		this.#holds++;
	}

	release(): void {
		this.#holds--;
		this.flush();
	}

	/** The client has taken all that it was sent. */
	onDrain(): void {
		this.#link.outputSent();
		this.flush();
	}

	/** The connection has ended: the next `flush` sends its last words, and ends the wire. */
	end(isFault: boolean): void {
		this.#hasEnded = true;
		this.#isGoodbyeWanted = !isFault;
	}

	#write(): void {
		const link = this.#link;
		const length = link.outputBytes;
		const slices = link.takeOutput();
		this.#wire.write(slices.length === 1 ? slices[0]! : joinSlices(slices, length));
		this.#meter.sent(length);
		if (this.#wire.backlog === 0) link.outputSent();
		else this.#wire.notifyDrain();
	}
}

/** One array of all, which have so many bytes together. */
function joinSlices(slices: readonly Uint8Array[], length: number): Uint8Array {
	const joined = new Uint8Array(length);
	let offset = 0;
	for (const slice of slices) {
		joined.set(slice, offset);
		offset += slice.length;
	}
	return joined;
}
