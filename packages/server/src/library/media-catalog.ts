import type { StreamName } from "../app/index.ts";
import type { MediaSource } from "./media-source.ts";

/** Where the names of recordings and on-demand files are looked up. */
export interface MediaCatalog {
	/**
	 * Opens what a name means: `sample`, `flv:sample`, `mp4:folder/film.mp4`, `mp3:song`, … The caller releases it.
	 * `undefined`: there is no such file, or the name does not stay within the media folders.
	 *
	 * @param virtualKey also looks in the folders that are only for clients with that key, and there first. Default: no
	 * @throws {FileError} where there is a file that cannot be played
	 */
	open(name: StreamName, virtualKey?: string): Promise<MediaSource | undefined>;
	/** The length of what a name means, in milliseconds, without opening it for playing; `undefined` as for `open`. */
	lengthMillis(name: StreamName, virtualKey?: string): Promise<number | undefined>;
}
