import { ArgumentError } from "../errors.ts";
import {
	type LocalObjectOptions,
	SharedObject as PlatformObject,
	type RemotePersistence,
	SharedObjectShelf,
} from "../shared-object.ts";
import { type WebStorage, WebStore } from "./web-store.ts";

/** How local shared objects are kept in a page. */
export type SharedObjectOptions = LocalObjectOptions & {
	/** Where they are kept. Default the page's `localStorage`. */
	readonly storage?: WebStorage;
};

/** Data that a page keeps, in `localStorage`: `SharedObject.getLocal("settings")`. */
export class SharedObject extends PlatformObject {
	/**
	 * The object of that name, as it was kept or new. The same object while it is not closed.
	 *
	 * @param name may have folders; none of `~ % & \ ; : " ' , < > ? #` nor blanks
	 * @param localPath keeps programs of one host apart. Default `/`
	 * @param secure only for pages that came by a secure way
	 * @throws ArgumentError for a name or path that is not allowed, and for a secure object in a page that is not
	 */
	static getLocal(
		name: string,
		localPath: string | null = null,
		secure = false,
		options: SharedObjectOptions = {},
	): SharedObject {
		mustBeSecure(secure);
		return shelfOf(options).getLocal(SharedObject, name, localPath, { ...options, host: hostOf(options) });
	}

	/**
	 * The object of that name that the clients of an application share. The same object while it is not closed.
	 *
	 * @param remotePath the address that its connection is opened by
	 * @param persistence true: the server keeps it. A local path such as `/`: and the page keeps a copy. Default neither
	 * @param secure only for pages that came by a secure way
	 * @throws ArgumentError for a name or path that is not allowed, and for a secure object in a page that is not
	 */
	static getRemote(
		name: string,
		remotePath: string,
		persistence: RemotePersistence = false,
		secure = false,
		options: SharedObjectOptions = {},
	): SharedObject {
		mustBeSecure(secure);
		const all = { ...options, host: hostOf(options) };
		return shelfOf(options).getRemote(SharedObject, name, remotePath, persistence, all);
	}
}

/** What of the page counts here. */
const page = globalThis as {
	isSecureContext?: boolean;
	localStorage?: WebStorage;
	location?: { hostname: string };
};

function mustBeSecure(secure: boolean): void {
	if (secure && page.isSecureContext !== true) {
		throw new ArgumentError("Error #2134: A secure shared object is for secure pages.");
	}
}

function hostOf(options: SharedObjectOptions): string {
	return options.host ?? (page.location?.hostname || "localhost");
}

const shelves = new WeakMap<WebStorage, SharedObjectShelf>();

function shelfOf(options: SharedObjectOptions): SharedObjectShelf {
	const storage = options.storage ?? page.localStorage;
	if (storage === undefined) throw new ArgumentError("Error #2134: There is no localStorage here.");
	let shelf = shelves.get(storage);
	if (shelf === undefined) {
		shelf = new SharedObjectShelf(new WebStore(storage), text => console.warn(text));
		shelves.set(storage, shelf);
	}
	return shelf;
}
