import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { UsageError } from "@millrace/core/fault";

/** One file of the console, ready to send. */
export type ConsoleFile = {
	readonly bytes: Buffer;
	/** Smaller form for clients that take gzip; `undefined` where it would not pay. */
	readonly gzip: Buffer | undefined;
	readonly contentType: string;
	/** As it stands in the header; weak, because the gzip form has the same. */
	readonly etag: string;
	/** The name changes with the content, so it may be kept for ever. */
	readonly immutable: boolean;
};

/** The console's files by their path inside its folder, with `/` between segments: `index.html`, `assets/a-1b2c.js`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** What must be there for the pages to work. */
const PAGES = ["index.html", "watch.html", "port-test.html", "not-found.html"];

const CONTENT_TYPES: Record<string, string> = {
	".css": "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".ico": "image/x-icon",
	".js": "text/javascript; charset=utf-8",
	".md": "text/plain; charset=utf-8",
	".svg": "image/svg+xml",
};

/**
 * Reads the built console into memory (about 300 kB), so that a request never touches the disk and no path can lead
 * out of the folder. Throws `UsageError` where it is not built.
 */
export function loadConsoleFiles(folder: string): ConsoleFiles {
	const files = new Map<string, ConsoleFile>();
	for (const path of listFiles(folder)) {
		const name = relative(folder, path).split(sep).join("/");
		const contentType = CONTENT_TYPES[extname(name)];
		if (contentType === undefined || name.split("/").some(segment => segment.startsWith("."))) continue;
		const bytes = readFileSync(path);
		const gzip = gzipSync(bytes, { level: 9 });
		files.set(name, {
			bytes,
			gzip: gzip.length < bytes.length * 0.9 ? gzip : undefined,
			contentType,
			etag: `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
			immutable: name.startsWith("assets/"),
		});
	}
	const missing = PAGES.filter(page => !files.has(page));
	if (missing.length > 0) {
		throw new UsageError("USAGE", `The console is not built: ${folder} lacks ${missing.join(", ")}.`);
	}
	return files;
}

function listFiles(folder: string): string[] {
	try {
		return readdirSync(folder, { recursive: true, withFileTypes: true })
			.filter(entry => entry.isFile())
			.map(entry => join(entry.parentPath, entry.name));
	} catch (error) {
		throw new UsageError("USAGE", `The console's folder ${folder} cannot be read.`, { cause: error });
	}
}
