import type { IncomingMessage, ServerResponse } from "node:http";
import { FileError } from "@millrace/core/fault";
import { StreamName } from "../app/index.ts";
import type { MediaLibrary, PlainFile } from "../library/index.ts";
import type { EventLog } from "../log/index.ts";
import { type ByteRange, parseRange } from "./byte-range.ts";
import { readHeaders } from "./cors.ts";
import { sendText } from "./flv-file-output.ts";
import { sendBlocks } from "./send-blocks.ts";

export type PlainFileOutputOptions = {
	readonly library: Pick<MediaLibrary, "openFile">;
	readonly log: EventLog;
	/** Web origins whose pages may read from here; `*` is all. */
	readonly cors: readonly string[];
	/** Whether there is such an application. */
	hasApplication(name: string): boolean;
	/** The stream of the virtual host that a request names. Default: there is only one host. */
	readonly streamOf?: ((name: StreamName, request: IncomingMessage) => StreamName) | undefined;
};

/** What is read and sent at once. */
const READ_BYTES = 256 * 1024;
const PREFIX = "/files/";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
	...{ flv: "video/x-flv", mp3: "audio/mpeg", mov: "video/quicktime", qt: "video/quicktime" },
	...{ m4a: "audio/mp4", f4a: "audio/mp4", f4b: "audio/mp4", "3gp": "video/3gpp", "3g2": "video/3gpp2" },
};
/** MP4, M4V, F4V and their like. */
const OTHER_CONTENT_TYPE = "video/mp4";

/**
 * Recordings and on-demand files as they lie on the disk, at `/files/APPLICATION/NAME.EXTENSION`, whole or by single
 * byte ranges (RFC 9110 §14): what a `<video>` element needs to seek. A file that is being recorded is answered as far
 * as it is readable, and not to be kept.
 */
export class PlainFileOutput {
	readonly #options: PlainFileOutputOptions;

	constructor(options: PlainFileOutputOptions) {
		this.#options = options;
	}

	/** Whether a request is for a file. */
	static isFilePath(url: string): boolean {
		return url.startsWith(PREFIX);
	}

	/** Answers a request whose path `isFilePath`. Never rejects. */
	async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { cors, library, log, hasApplication, streamOf } = this.#options;
		const headers = readHeaders(request, response, cors);
		if (headers === undefined) return;
		const [path = ""] = (request.url ?? "").split("?", 1);
		const named = StreamName.fromPath(path.slice(PREFIX.length));
		const name = named && (streamOf?.(named, request) ?? named);
		let file: PlainFile | undefined;
		try {
			if (name !== undefined && hasApplication(name.application)) file = await library.openFile(name);
			if (file === undefined) return sendText(response, 404, "There is no such file.", headers);
			await send(file, path, request, response, headers);
		} catch (error) {
			log[error instanceof FileError ? "warn" : "error"]("file-error", { stream: String(name), error });
			if (response.headersSent) response.destroy();
			else sendText(response, 500, "The file cannot be read. The server's log says more.", headers);
		} finally {
			file?.close();
		}
	}
}

async function send(
	file: PlainFile,
	path: string,
	request: IncomingMessage,
	response: ServerResponse,
	cors: Readonly<Record<string, string>>,
): Promise<void> {
	const { size } = file;
	const facts = {
		"accept-ranges": "bytes",
		"access-control-expose-headers": "accept-ranges, content-length, content-range, etag",
		"x-content-type-options": "nosniff",
		...(file.isGrowing ? { "cache-control": "no-store" } : { "cache-control": "no-cache", ...validatorsOf(file) }),
		...cors,
	};
	if (isUnchanged(request, facts)) {
		response.writeHead(304, facts).end();
		return;
	}
	const range = isRangeMeant(request, facts) ? parseRange(request.headers.range, size) : undefined;
	if (range === "unsatisfiable") {
		response.writeHead(416, { ...facts, "content-range": `bytes */${size}` }).end();
		return;
	}
	const { start, end }: ByteRange = range ?? { start: 0, end: size };
	response.writeHead(range === undefined ? 200 : 206, {
		...facts,
		...(range && { "content-range": `bytes ${start}-${end - 1}/${size}` }),
		"content-type": contentTypeOf(path),
		"content-length": String(end - start),
	});
	if (request.method === "HEAD") {
		response.end();
		return;
	}
	let at = start;
	await sendBlocks(response, async () => {
		if (at >= end) return undefined;
		const block = await file.read(at, Math.min(READ_BYTES, end - at));
		if (block.length === 0) throw new FileError("FILE_UNREADABLE", "It became shorter while it was sent.");
		at += block.length;
		return block;
	});
}

type Validators = { readonly etag?: string; readonly "last-modified"?: string };

function validatorsOf({ identity, modifiedMillis }: PlainFile): Validators {
	const state = [identity.file, identity.size, identity.modifiedMillis].join("-").replaceAll(/[^\w.-]/g, "-");
	return { etag: `"${state}"`, "last-modified": new Date(modifiedMillis).toUTCString() };
}

/** Whether the client has this state of the file already (RFC 9110 §13.1.2, §13.1.3). */
function isUnchanged({ headers }: IncomingMessage, { etag, "last-modified": modified }: Validators): boolean {
	if (etag === undefined || modified === undefined) return false;
	const known = headers["if-none-match"];
	if (known !== undefined) {
		return known.split(",").some(tag => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
	}
	const since = headers["if-modified-since"];
	return since !== undefined && Date.parse(since) >= Date.parse(modified);
}

/** Whether a range holds for this state of the file (RFC 9110 §13.1.5). */
function isRangeMeant({ headers }: IncomingMessage, { etag, "last-modified": modified }: Validators): boolean {
	const condition = headers["if-range"];
	return condition === undefined || condition === etag || condition === modified;
}

function contentTypeOf(path: string): string {
	return CONTENT_TYPES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()] ?? OTHER_CONTENT_TYPE;
}
