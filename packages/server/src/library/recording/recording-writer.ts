import type { AmfObject } from "@millrace/core/amf";
import type { MediaMessage } from "@millrace/core/flv";
import type { PlacedConfiguration } from "../growing-file.ts";
import { KeyframeIndex } from "./keyframe-index.ts";

/** Bytes to be written over those that stand at a position of the file. */
export type FilePatch = { readonly position: number; readonly bytes: Uint8Array };

/**
 * Turns messages into the bytes of one file. It keeps no clock and touches no disk. The bytes grow at the end in whole
 * tags or fragments; a region of fixed place and size may be written over now and then.
 */
export interface RecordingWriter {
	/** Milliseconds of the file, to the end of the last frame given. */
	readonly durationMillis: number;
	/** Bytes that were given and not taken, about: those too that `take` cannot give before more has come. */
	readonly pendingBytes: number;
	/** Bytes that `take` would give now. */
	readonly readyBytes: number;
	readonly hasVideo: boolean;
	readonly hasAudio: boolean;
	/** Entries of all that was given, what was not taken yet included. */
	readonly index: KeyframeIndex;
	readonly configurations: readonly PlacedConfiguration[];
	/** What players are told of the file as it stands. */
	readonly metadata: AmfObject;

	/**
	 * Takes the next message, on the stream's clock.
	 *
	 * @returns false: this file cannot hold it and those that follow, they begin another
	 */
	add(message: MediaMessage): boolean;
	/** Once `add` has returned false: what it took before, and did not write either. Default: nothing. */
	readonly refused?: readonly MediaMessage[];
	/**
	 * What was not taken yet, to be appended in one piece: empty where nothing is complete.
	 *
	 * @param final nothing more will come
	 */
	take(final: boolean): Uint8Array;
	/** What is to be written over, as it is right once everything that was taken stands in the file. */
	patches(): readonly FilePatch[];
	/** How much of bytes that `take` gave can stay where only the first `length` reached the disk. */
	wholeBytes(bytes: Uint8Array, length: number): number;
}

/** The writer of a file that stays as it is. */
export class RefusingWriter implements RecordingWriter {
	readonly durationMillis = 0;
	readonly pendingBytes = 0;
	readonly readyBytes = 0;
	readonly hasVideo = false;
	readonly hasAudio = false;
	readonly index = new KeyframeIndex();
	readonly configurations: readonly PlacedConfiguration[] = [];
	readonly metadata: AmfObject = {};

	add(): boolean {
		return false;
	}

	take(): Uint8Array {
		return new Uint8Array(0);
	}

	patches(): readonly FilePatch[] {
		return [];
	}

	wholeBytes(): number {
		return 0;
	}
}
