import { resolve } from "node:path";
import {
	type LocalObjectOptions,
	SharedObject as PlatformObject,
	type RemotePersistence,
	SharedObjectShelf,
} from "../shared-object.ts";
import { defaultObjectFolder, FileStore } from "./file-store.ts";
import { nodePlatform } from "./node-platform.ts";

/** Where and how local shared objects are kept in Node. */
export type SharedObjectOptions = LocalObjectOptions & {
	/**
	 * The folder of all objects. Default `millrace/SharedObjects` where the system keeps data of programs, such as
	 * `~/.local/share`. What is given with the first `getLocal` of an object counts.
	 */
	readonly folder?: string;
};

/**
 * Data that a program keeps or shares:
 *
 * ```ts
 * const settings = SharedObject.getLocal("settings", "/my-program");
 * settings.data.volume = 0.7;
 * settings.flush();
 *
 * const board = SharedObject.getRemote("board", nc.uri, false);
 * board.addEventListener(SyncEvent.SYNC, () => draw(board.data));
 * board.connect(nc);
 * ```
 */
export class SharedObject extends PlatformObject {
	/**
	 * The object of that name, from its file or new. The same object while it is not closed.
	 *
	 * @param name may have folders; none of `~ % & \ ; : " ' , < > ? #` nor blanks
	 * @param localPath keeps programs apart. Default `/`
	 * @param _secure whether only programs from secure hosts may read it: there are none here, it means nothing
	 * @throws ArgumentError for a name or path that is not allowed
	 */
	static getLocal(
		name: string,
		localPath: string | null = null,
		_secure = false,
		options: SharedObjectOptions = {},
	): SharedObject {
		return shelfOf(options).getLocal(SharedObject, name, localPath, options);
	}

	/**
	 * The object of that name that the clients of an application share. The same object while it is not closed.
	 *
	 * @param remotePath the address that its connection is opened by
	 * @param persistence true: the server keeps it. A local path such as `/`: and the client keeps a copy. Default neither
	 * @param _secure means nothing here
	 * @throws ArgumentError for a name or path that is not allowed
	 */
	static getRemote(
		name: string,
		remotePath: string,
		persistence: RemotePersistence = false,
		_secure = false,
		options: SharedObjectOptions = {},
	): SharedObject {
		return shelfOf(options).getRemote(SharedObject, name, remotePath, persistence, options);
	}
}

const shelves = new Map<string, SharedObjectShelf>();

/** As when a player ends, what is open is written when the process exits. */
function shelfOf(options: SharedObjectOptions): SharedObjectShelf {
	const folder = resolve(options.folder ?? defaultObjectFolder(process.platform, process.env));
	if (shelves.size === 0) {
		process.on("exit", () => {
			for (const shelf of shelves.values()) shelf.closeAll();
		});
	}
	let shelf = shelves.get(folder);
	if (shelf === undefined) {
		shelf = new SharedObjectShelf(new FileStore(folder), nodePlatform.warn);
		shelves.set(folder, shelf);
	}
	return shelf;
}
