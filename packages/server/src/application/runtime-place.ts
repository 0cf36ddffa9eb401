import { existsSync, realpathSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MessagePort } from "node:worker_threads";

/** The extension of these sources: they run as they are, or compiled. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

/** The program of an application's process; its arguments are the application's main file and folder, and the bytes of its heap. */
export const RUNTIME_PROCESS: string = fileURLToPath(new URL(`./runtime-process${EXTENSION}`, import.meta.url));

/** The program of an application's thread. */
export const RUNTIME_THREAD: URL = new URL(`./runtime-thread${EXTENSION}`, import.meta.url);

/** Flags with which Node finds our packages: their sources, where these run as they are. */
export const RUNTIME_FLAGS: readonly string[] = EXTENSION === ".ts" ? ["--conditions=source"] : [];

/** What `millrace/app` is. */
export const APP_MODULE: string = new URL(`./public${EXTENSION}`, import.meta.url).href;

/** What `millrace/client` is. */
export const CLIENT_MODULE: string = new URL(`../client${EXTENSION}`, import.meta.url).href;

/** What `millrace/testing` is. */
export const TESTING_MODULE: string = new URL(`../testing/index${EXTENSION}`, import.meta.url).href;

/** What a thread is given. */
export type RuntimeData = {
	readonly main: string;
	/** The application's, absolute. */
	readonly folder: string;
	/** What its heap is bounded to. */
	readonly heapBytes: number;
	/** By which it gets answers while it stands still. */
	readonly answers: MessagePort;
	/** Counts them, and is what it waits on. */
	readonly answered: Int32Array;
};

/** What a process that runs an application must be able to read: the application's folder, our code and that of packages. */
export function runtimeReadFolders(folder: string): string[] {
	const readable = new Set([folder]);
	for (const name of ["@millrace/core/amf", "@millrace/client"]) {
		readable.add(packageRoot(fileURLToPath(import.meta.resolve(name))));
	}
	readable.add(packageRoot(fileURLToPath(import.meta.url)));
	for (const start of [fileURLToPath(import.meta.url), folder]) {
		for (let above = dirname(start); ; above = dirname(above)) {
			// Node looks for these on its way up from a module.
			for (const name of ["package.json", "node_modules"]) {
				const path = join(above, name);
				if (existsSync(path)) readable.add(realpathSync(path));
			}
			if (above === dirname(above)) break;
		}
	}
	return [...readable];
}

function packageRoot(file: string): string {
	let folder = dirname(realpathSync(file));
	while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) folder = dirname(folder);
	return folder;
}
