/** What is acknowledged at the latest, for encoders that stall without it but never announce a window (Wirecast). */
const DEFAULT_WINDOW = 2_500_000;

/**
 * Counts received bytes and tells when an Acknowledgement is due (RTMP 1.0 §5.4.3). Half the peer's window, as ffmpeg
 * does, so that one in flight never stalls the peer.
 */
export class AcknowledgementCounter {
	/** All bytes after the handshake. */
	received = 0;
	#acknowledged = 0;
	#every: number = DEFAULT_WINDOW / 2;

	/** The peer announced its window (type 5). Zero is meaningless and ignored. */
	setWindow(bytes: number): void {
		if (bytes > 0) this.#every = Math.max(1, Math.floor(Math.min(bytes, DEFAULT_WINDOW) / 2));
	}

	/** Counts bytes and returns the sequence number to send, modulo 2^32, or −1 when none is due. */
	count(bytes: number): number {
		this.received += bytes;
		if (this.received - this.#acknowledged < this.#every) return -1;
		this.#acknowledged = this.received;
		return this.received % 0x100000000;
	}
}
