import { StreamName, splitApplication } from "../app/index.ts";
import type { MediaLibrary, MediaListing } from "../library/index.ts";

/** What pages and the administration service see of recordings and on-demand files. */
export interface FileView {
	/** A part of the list of files, which is ordered by when they were last written, the newest first. */
	list(part: FileListPart): Promise<{ readonly total: number; readonly files: readonly FileFacts[] }>;
	/** The file that is played under a watch page's path, listed or not; `undefined`: there is none. */
	find(path: string): Promise<FileFacts | undefined>;
}

/** Which part of the list. */
export type FileListPart = {
	/** `undefined`: of all applications. */
	readonly application: string | undefined;
	/** Only those of a virtual host. Default: of all. */
	readonly host?: string;
	readonly offset: number;
	/** At most `MAX_FILES_OF_PAGE`. */
	readonly limit: number;
};

/** How many files are listed at once. */
export const MAX_FILES_OF_PAGE = 200;

export interface FileFacts {
	readonly application: string;
	/** `_definst_` where none was named. */
	readonly instance: string;
	/** By which it is played: `sample`, `mp4:sample.mp4`. */
	readonly name: string;
	/** Path of the watch page and, with `.flv` added, of the file as FLV: `/vod/sample`. */
	readonly path: string;
	/** Path of the file as it lies on the disk: `/files/vod/sample.flv`. */
	readonly file: string;
	readonly kind: "flv" | "mp4" | "mp3";
	readonly bytes: number;
	/** When it was last written, in milliseconds since 1970. */
	readonly modified: number;
	/** It is being recorded, and grows. */
	readonly recording: boolean;
	/** In milliseconds; `undefined`: it cannot be played. */
	readonly duration: number | undefined;
}

export type LibraryViewOptions = {
	readonly library: Pick<MediaLibrary, "list" | "describe">;
	/** The applications whose files are listed. */
	applications(): readonly string[];
	/** Whether there is such an application, listed or not. */
	hasApplication(name: string): boolean;
	/** Monotonic milliseconds. */
	now(): number;
};

/** How long a list is good for: however many ask, the folders are read no more often. */
const KEEP_MILLIS = 2000;
/** Files that are remembered to have no length. */
const MAX_UNPLAYABLE = 4096;

/** Reads a server's media library. */
export class LibraryView implements FileView {
	readonly #options: LibraryViewOptions;
	/** Applications' lists that were read lately, or are being read. */
	readonly #lists = new Map<string, { readonly at: number; readonly files: Promise<readonly Listed[]> }>();
	/** Files, each in a certain state, of which it was found out that they cannot be played. */
	readonly #unplayable = new Set<string>();

	constructor(options: LibraryViewOptions) {
		this.#options = options;
	}

	async list({ application, host, offset, limit }: FileListPart): Promise<{ total: number; files: FileFacts[] }> {
		const applications = this.#options
			.applications()
			.filter(name => application === undefined || name === application)
			.filter(name => host === undefined || splitApplication(name).host === host);
		const lists = await Promise.all(applications.map(name => this.#listOf(name)));
		const all = lists.flat().toSorted((a, b) => b.listing.modifiedMillis - a.listing.modifiedMillis);
		const part = all.slice(offset, offset + limit);
		return { total: all.length, files: await Promise.all(part.map(file => this.#facts(file))) };
	}

	async find(path: string): Promise<FileFacts | undefined> {
		const { library, hasApplication } = this.#options;
		const name = StreamName.fromPath(path);
		if (name === undefined || !hasApplication(name.application)) return undefined;
		const listing = await library.describe(name);
		return listing === undefined ? undefined : this.#facts({ name, listing });
	}

	#listOf(application: string): Promise<readonly Listed[]> {
		const now = this.#options.now();
		const known = this.#lists.get(application);
		if (known !== undefined && now - known.at < KEEP_MILLIS) return known.files;
		const files = this.#read(application);
		this.#lists.set(application, { at: now, files });
		return files;
	}

	async #read(application: string): Promise<readonly Listed[]> {
		const listings = await this.#options.library.list(application);
		return listings.map(listing => ({ name: new StreamName(application, listing.instance, listing.name), listing }));
	}

	async #facts({ name, listing }: Listed): Promise<FileFacts> {
		const { application, instance } = name;
		const { kind, bytes, modifiedMillis, isGrowing } = listing;
		return {
			application,
			instance,
			name: name.name,
			path: name.path,
			file: `/files${new StreamName(application, instance, listing.file).path}`,
			kind,
			bytes,
			modified: Math.round(modifiedMillis),
			recording: isGrowing,
			duration: await this.#durationOf(name, listing),
		};
	}

	async #durationOf(name: StreamName, listing: MediaListing): Promise<number | undefined> {
		const key = `${name.key}\n${listing.bytes}\n${listing.modifiedMillis}`;
		if (this.#unplayable.has(key)) return undefined;
		const duration = await listing.lengthMillis();
		if (duration !== undefined) return duration;
		if (this.#unplayable.size >= MAX_UNPLAYABLE) this.#unplayable.clear();
		this.#unplayable.add(key);
		return undefined;
	}
}

type Listed = { readonly name: StreamName; readonly listing: MediaListing };
