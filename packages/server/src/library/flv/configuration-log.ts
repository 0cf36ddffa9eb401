import { MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import type { PlacedConfiguration } from "../growing-file.ts";

/** How many configurations of a file are remembered; one with more changes shows the later ones only when they are read. */
const MAX_CONFIGURATIONS = 256;
/** A larger one is passed on where it stands, but not remembered. */
export const MAX_CONFIGURATION_BYTES = 64 * 1024;

/** The codec configurations that were found in a file, in its order: what is in force at a place. */
export class ConfigurationLog {
	readonly #placed: PlacedConfiguration[] = [];

	/** Remembers one. The message is copied; what repeats the one in force is left out. */
	note(position: number, message: MediaMessage): void {
		if (message.payload.length > MAX_CONFIGURATION_BYTES || isBlank(message)) return;
		let index = this.#placed.length;
		while (index > 0 && this.#placed[index - 1]!.position >= position) index--;
		if (this.#placed[index]?.position === position) return;
		const key = configurationKey(message);
		const before = this.#placed.slice(0, index).findLast(placed => configurationKey(placed.message) === key);
		if (before !== undefined && sameBytes(before.message.payload, message.payload)) return;
		if (this.#placed.length >= MAX_CONFIGURATIONS) return;
		const copy = new MediaMessage(message.type, 0, message.payload.slice(), message.flags);
		this.#placed.splice(index, 0, { position, message: copy });
	}

	/** What is in force for a tag that begins at `position`, by `configurationKey`. */
	inForceAt(position: number): Map<string, MediaMessage> {
		const inForce = new Map<string, MediaMessage>();
		for (const placed of this.#placed) {
			if (placed.position >= position) break;
			inForce.set(configurationKey(placed.message), placed.message);
		}
		return inForce;
	}
}

/** Equal for configurations that replace each other: same medium, same kind of packet, same track. */
export function configurationKey(message: MediaMessage): string {
	const { payload, type } = message;
	const head = payload[0]!;
	const isVideo = type === MEDIA_VIDEO;
	const isEnhanced = isVideo ? (head & 0x80) !== 0 : head >> 4 === 9;
	if (!isEnhanced) return `${type}`;
	const packet = head & 15;
	// In messages of several tracks, their kind, FourCC (or none) and the first track's number are the next six bytes.
	const isMultitrack = packet === (isVideo ? 6 : 5);
	return isMultitrack ? `${type}:${packet}:${payload.subarray(1, 7).join()}` : `${type}:${packet}`;
}

/** ffmpeg writes a configuration without content before the real one. */
export function isBlank(message: MediaMessage): boolean {
	return message.payload.length <= (message.type === MEDIA_VIDEO ? 5 : 2);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
	return true;
}
