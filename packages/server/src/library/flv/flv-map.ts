import { FLAG_CONFIGURATION, FLAG_METADATA, MediaMessage, type MediaType } from "@millrace/core/flv";
import { ConfigurationLog, MAX_CONFIGURATION_BYTES } from "./configuration-log.ts";
import { type FlvTagReader, type ReadBudget, TAG_HEAD_BYTES, type TagView, type WalkEnd } from "./flv-tag-reader.ts";
import { FlvClock, FlvTimeline } from "./flv-timeline.ts";
import { KeyframeMemory } from "./keyframe-memory.ts";

/** How far the next tag is searched where one is missing: past the largest tag that there can be. */
export const MAX_RESYNC_BYTES = 17 * 1024 * 1024;

/** Everything that is known of a file, shared by all who read it. */
export class FlvMap {
	readonly reader: FlvTagReader;
	readonly timeline = new FlvTimeline();
	readonly memory = new KeyframeMemory();
	readonly configurations = new ConfigurationLog();
	/** Where the first tag begins. */
	firstTag = 0;
	/** The first tag with a sample, where there is one; configurations in front of it hold from the start on. */
	firstSample: { readonly offset: number; readonly time: number } | undefined;
	/** Before this there are tags, as far as is known; behind it there were none when it was looked. */
	mediaEnd = 0;
	hasVideo = false;
	hasAudio = false;
	#memoryVersion = 0;

	constructor(reader: FlvTagReader) {
		this.reader = reader;
	}

	/**
	 * Shows every tag that begins between `from`, where a tag begins, and `to`, with its time, until `visit` returns
	 * false; passes over what is no tag, and remembers the configurations on the way. A tag that does not end within the
	 * file was torn off, unless it begins before `knownEnd`: then its size is a lie, and tags follow.
	 */
	async scan(
		from: number,
		to: number,
		budget: ReadBudget,
		visit: (tag: TagView, time: number) => boolean,
		knownEnd: number = this.mediaEnd,
	): Promise<{ why: WalkEnd; next: number }> {
		const clock = new FlvClock(this.timeline);
		const configured: { offset: number; size: number }[] = [];
		const look = (tag: TagView): boolean => {
			if (!tag.isMedia) return visit(tag, clock.data(tag.offset, tag.rawTime));
			const { flags } = tag;
			if ((flags & (FLAG_CONFIGURATION | FLAG_METADATA)) !== 0 && tag.size <= MAX_CONFIGURATION_BYTES) {
				if (configured.length < MAX_NOTED) configured.push({ offset: tag.offset, size: tag.size });
			}
			return visit(tag, clock.media(tag.type, flags, tag.offset, tag.rawTime));
		};
		let result = await this.reader.walk(from, to, budget, look);
		while (result.why === "lost" || (result.why === "end" && result.next < Math.min(to, knownEnd))) {
			const next = await this.reader.find(result.next + 1, Math.min(to, result.next + MAX_RESYNC_BYTES), budget);
			if (next < 0) {
				result = { why: budget.bytes > 0 ? "end" : "spent", next: result.next };
				break;
			}
			result = await this.reader.walk(next, to, budget, look);
		}
		for (const { offset, size } of configured) await this.#noteConfiguration(offset, size);
		this.forgetWhatMoved();
		return result;
	}

	/** Keyframes are remembered by their times, which a newly found part changes. */
	forgetWhatMoved(): void {
		if (this.timeline.version === this.#memoryVersion) return;
		this.#memoryVersion = this.timeline.version;
		this.memory.clear();
	}

	async #noteConfiguration(offset: number, size: number): Promise<void> {
		const bytes = await this.reader.read(offset, TAG_HEAD_BYTES + size);
		if (bytes.length < TAG_HEAD_BYTES + size) return;
		this.configurations.note(offset, new MediaMessage(bytes[0]! as MediaType, 0, bytes.subarray(TAG_HEAD_BYTES)));
	}
}

/** Configurations that one scan reads: some encoders repeat them with each keyframe. */
const MAX_NOTED = 64;
