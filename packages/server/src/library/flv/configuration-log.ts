import { MediaMessage } from "@millrace/core/flv";
import { configurationKey, isBlankConfiguration, sameBytes } from "../../hub/index.ts";
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
		if (message.payload.length > MAX_CONFIGURATION_BYTES || isBlankConfiguration(message)) return;
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
