import type { AmfObject } from "@millrace/core/amf";
import { encodeAmf0 } from "@millrace/core/amf";
import { MEDIA_DATA, MediaMessage } from "@millrace/core/flv";
import type { OpenFile } from "../media-file.ts";
import type { MediaCursor, MediaSource } from "../media-source.ts";
import { readId3 } from "./id3-tag.ts";

/** The ID3 tags of an MP3 file, as the one data message `onId3` that playing `id3:name` gives. */
export class Id3Source implements MediaSource {
	readonly path: string;
	readonly bytes: number;
	readonly durationMillis = 0;
	readonly hasVideo = false;
	readonly hasAudio = false;
	readonly isGrowing = false;
	readonly metadata: AmfObject = {};
	readonly #message: MediaMessage;

	/**
	 * Reads the tags and closes the file.
	 *
	 * @throws {FileError} `FILE_UNREADABLE`
	 */
	static async open(file: OpenFile): Promise<Id3Source> {
		try {
			return new Id3Source(file.path, file.size, await readId3(file));
		} finally {
			file.close();
		}
	}

	private constructor(path: string, bytes: number, values: AmfObject) {
		this.path = path;
		this.bytes = bytes;
		this.#message = new MediaMessage(MEDIA_DATA, 0, encodeAmf0("onId3", values));
	}

	cursor(): MediaCursor {
		let isRead = false;
		return {
			configurations: () => [],
			seek: async () => {
				isRead = false;
				return 0;
			},
			read: async () => {
				const messages = isRead ? [] : [this.#message];
				isRead = true;
				return messages;
			},
		};
	}

	onGrowth(): () => void {
		return () => {};
	}

	release(): void {}
}
