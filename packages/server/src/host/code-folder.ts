import { existsSync, type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";
import { findScriptMain, isScript } from "../script/index.ts";

/** What an application's main file may be called, first choice first; scripts of the old server come after them. */
const MAIN_FILES = ["main.ts", "main.mts", "main.js", "main.mjs"] as const;

/** Files of these kinds are code: when one changes, the application starts anew. */
const CODE = /\.(m?[jt]s|json|asc)$|^Application\.xml$/;
/** Files of these kinds that the application does not run: its tests, and what editors and npm read. */
const NOT_RUN = /(\.test\.m?[jt]s|(^|\/)(tsconfig|package-lock)\.json)$/;
/** Folders in which an application keeps what is no code: `data` is for files that it writes itself. */
const NO_CODE = /^(data|media|streams|sharedobjects)\/|(^|\/)(node_modules|\.[^/]*)(\/|$)/;
/** Editors write a file in several steps. */
const SETTLE_MILLIS = 200;

/**
 * The main file of an application in its folder, absolute; `undefined`: it has no code. A module comes before a script
 * of the old server (`main.asc`), and a `main.js` can be either.
 */
export function findMain(folder: string): string | undefined {
	const paths = MAIN_FILES.map(name => join(folder, name)).filter(path => existsSync(path));
	return paths.find(path => !isScript(path)) ?? findScriptMain(folder);
}

/** Whether a file, by its path in an application's folder, is code that the application runs. */
export function isCode(path: string): boolean {
	const name = path.replaceAll("\\", "/");
	return CODE.test(name) && !NOT_RUN.test(name) && !NO_CODE.test(name);
}

/** Calls `onChange` some time after code in the folder has changed, and `onFault` where it cannot be watched. Returns what ends it. */
export function watchCode(folder: string, onChange: () => void, onFault: (error: unknown) => void): () => void {
	let timer: NodeJS.Timeout | undefined;
	let watcher: FSWatcher | undefined;
	try {
		watcher = watch(folder, { recursive: true, persistent: false }, (_event, name) => {
			if (name === null || !isCode(name)) return;
			clearTimeout(timer);
			timer = setTimeout(onChange, SETTLE_MILLIS);
		});
		watcher.on("error", onFault);
	} catch (error) {
		onFault(error);
	}
	return () => {
		clearTimeout(timer);
		watcher?.close();
	};
}

/** How an instance is told apart from others of its application in a log line. */
export function instanceLabel(application: string, instance: string): string {
	return instance === DEFAULT_INSTANCE ? application : `${application}/${instance}`;
}
