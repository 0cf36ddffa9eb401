import type { TransportOpener } from "./transport.ts";

/** What the client needs of the world around it. */
export interface ClientPlatform {
	readonly open: TransportOpener;
	/** Milliseconds on a clock that never goes back. */
	now(): number;
	/** Calls `action` after that time; the function that is returned prevents it. */
	after(millis: number, action: () => void): () => void;
	/** Random bytes. */
	random(count: number): Uint8Array;
	/** Takes warnings that nobody listens for. */
	warn(text: string): void;
}
