import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, join } from "node:path";
import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";

/** What an application's main file may be called, first choice first. */
export const MAIN_FILES = ["main.ts", "main.mts", "main.js", "main.mjs"] as const;

/** What the old server looked for beside them; `NAME` is the application's. It looked in the folder `scripts` too. */
const OLD_MAIN_FILES = ["main.asc", "main.js", "NAME.asc", "NAME.js"];

/** Files of these kinds are code: when one changes, the application starts anew. */
const CODE = /\.(m?[jt]s|json|asc)$|^Application\.xml$/;
/** Files of these kinds that the application does not run: its tests, and what editors and npm read. */
const NOT_RUN = /(\.test\.m?[jt]s|(^|\/)(tsconfig|package-lock)\.json)$/;
/** Folders in which an application keeps what is no code: `data` is for files that it writes itself. */
const NO_CODE = /^(data|media|streams|sharedobjects)\/|(^|\/)(node_modules|\.[^/]*)(\/|$)/;
/** Editors write a file in several steps. */
const SETTLE_MILLIS = 200;

/** The main file of an application in its folder, absolute; `undefined`: it has no code. */
export function findMain(folder: string): string | undefined {
	const old = OLD_MAIN_FILES.map(name => name.replace("NAME", basename(folder)));
	const names = [...MAIN_FILES, ...old, ...old.map(name => join("scripts", name))];
	return names.map(name => join(folder, name)).find(path => existsSync(path));
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
