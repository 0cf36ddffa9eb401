import { MEDIA_AUDIO, MEDIA_VIDEO, MediaMessage } from "../flv/index.ts";
import type { FileEnd, Fragment, FragmentHandler, InitSegment, LeftOut } from "./fragment-handler.ts";

/*
 * For the tests of the writer: messages as encoders send them, and a reader of boxes that shares nothing with the
 * writer.
 */

export const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
export const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

/** Main, 320×180, as x264 wrote it. */
export const AVC_RECORD = "014d4015ffe10017674d4015f202867e4c0440000003004000000c87c50a9201000568db83cb20";
/** High, 1920×1080. */
export const AVC_RECORD_2 =
	"01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0fdf8f800";
/** LC, 44,100 Hz, one channel. */
export const AAC_CONFIG = "1208";

export const video = (millis: number, body: string) => new MediaMessage(MEDIA_VIDEO, millis, bytes(body));
export const audio = (millis: number, body: string) => new MediaMessage(MEDIA_AUDIO, millis, bytes(body));

export const avcConfig = (millis = 0, record = AVC_RECORD) => video(millis, `17 00 000000 ${record}`);
export const avcFrame = (millis: number, isKey: boolean, composition = 0, body = "0000000165") =>
	video(millis, `${isKey ? "17" : "27"} 01 ${(composition & 0xff_ffff).toString(16).padStart(6, "0")} ${body}`);
export const aacConfig = (millis = 0) => audio(millis, `af 00 ${AAC_CONFIG}`);
export const aacFrame = (millis: number, body = "210a") => audio(millis, `af 01 ${body}`);

/** One sample as a reader of the file sees it; times in ticks. */
export type ReadSample = {
	readonly track: number;
	readonly dts: number;
	readonly pts: number;
	readonly duration: number;
	readonly isSync: boolean;
	readonly body: string;
};

/** Keeps all that a writer gives out. */
export class FragmentKeeper implements FragmentHandler {
	readonly events: string[] = [];
	readonly inits: InitSegment[] = [];
	readonly fragments: Fragment[] = [];
	readonly ends: FileEnd[] = [];
	readonly leftOut: LeftOut[] = [];
	/** The files, without patches. */
	readonly files: Uint8Array[][] = [];

	onInit(init: InitSegment): void {
		this.events.push(`init ${init.reason}`);
		this.inits.push(init);
		this.files.push([init.bytes]);
	}

	onFragment(fragment: Fragment): void {
		this.events.push(
			`fragment ${fragment.startMillis}-${fragment.endMillis}${fragment.startsWithKeyframe ? " key" : ""}`,
		);
		this.fragments.push(fragment);
		this.files.at(-1)!.push(fragment.bytes);
	}

	onFileEnd(end: FileEnd): void {
		this.events.push(`end ${end.durationMillis}`);
		this.ends.push(end);
		this.files.at(-1)!.push(end.index);
	}

	onLeftOut(track: LeftOut): void {
		this.events.push(`left out ${track.codec}: ${track.reason}`);
		this.leftOut.push(track);
	}

	file(index = 0): Uint8Array {
		return Uint8Array.from(Buffer.concat(this.files[index]!));
	}

	/** All samples of all fragments in their order. */
	samples(): ReadSample[] {
		return this.fragments.flatMap(fragment => readFragment(fragment.bytes));
	}
}

export type Box = { readonly type: string; readonly start: number; readonly body: Uint8Array };

/** The boxes that lie side by side in `data`. */
export function boxesOf(data: Uint8Array): Box[] {
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const boxes: Box[] = [];
	for (let at = 0; at < data.length; ) {
		const size = view.getUint32(at);
		if (size < 8 || at + size > data.length) throw new Error(`a box of ${size} bytes does not fit at ${at}`);
		const type = Buffer.from(data.subarray(at + 4, at + 8)).toString("latin1");
		boxes.push({ type, start: at, body: data.subarray(at + 8, at + size) });
		at += size;
	}
	return boxes;
}

/** The body of the first box on a path such as `moov/trak/tkhd`. */
export function boxAt(data: Uint8Array, path: string): Uint8Array {
	let body = data;
	for (const type of path.split("/")) {
		const found = boxesOf(body).find(box => box.type === type);
		if (found === undefined) throw new Error(`there is no ${type} (${path})`);
		body = found.body;
	}
	return body;
}

/** The samples of one `moof` and `mdat`, with the defaults that the writer's `trex` has: no duration, no size. */
export function readFragment(fragment: Uint8Array): ReadSample[] {
	const [moof, mdat, ...more] = boxesOf(fragment);
	if (moof?.type !== "moof" || mdat?.type !== "mdat" || more.length > 0) throw new Error("no fragment");
	return boxesOf(moof.body)
		.filter(box => box.type === "traf")
		.flatMap(traf => readTrackFragment(traf.body, fragment));
}

function readTrackFragment(traf: Uint8Array, fragment: Uint8Array): ReadSample[] {
	const header = new Fields(boxAt(traf, "tfhd"));
	const headerFlags = header.u32() & 0xff_ffff;
	const track = header.u32();
	const duration = headerFlags & 8 ? header.u32() : 0;
	const size = headerFlags & 16 ? header.u32() : 0;
	const time = new Fields(boxAt(traf, "tfdt"));
	time.u32();
	let dts = time.u32() * 2 ** 32 + time.u32();
	const run = new Fields(boxAt(traf, "trun"));
	const flags = run.u32() & 0xff_ffff;
	const count = run.u32();
	let data = run.u32();
	const firstFlags = flags & 4 ? run.u32() : undefined;
	const samples: ReadSample[] = [];
	for (let index = 0; index < count; index++) {
		const ownDuration = flags & 0x100 ? run.u32() : duration;
		const ownSize = flags & 0x200 ? run.u32() : size;
		const ownFlags = flags & 0x400 ? run.u32() : index === 0 ? firstFlags : undefined;
		const pts = dts + (flags & 0x800 ? run.u32() | 0 : 0);
		const body = hex(fragment.subarray(data, data + ownSize));
		samples.push({ track, dts, pts, duration: ownDuration, isSync: ownFlags === 0x0200_0000, body });
		dts += ownDuration;
		data += ownSize;
	}
	if (run.left > 0) throw new Error("the run has more bytes than its samples need");
	return samples;
}

class Fields {
	readonly #view: DataView;
	#at = 0;

	constructor(data: Uint8Array) {
		this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	}

	get left(): number {
		return this.#view.byteLength - this.#at;
	}

	u32(): number {
		this.#at += 4;
		return this.#view.getUint32(this.#at - 4);
	}
}
