import { existsSync } from "node:fs";
import { join, resolve, win32 } from "node:path";
import { type ConfigPath, formatMeasure, nodeAt } from "../config/index.ts";
import type { ConfigDraft } from "./config-draft.ts";
import type { OldPort } from "./host-port.ts";
import type { Outcome } from "./outcome.ts";

/** For whom the settings of a file hold. */
export type ImportScope = {
	readonly kind: "server" | "host" | "application";
	/** Where its settings go: empty for the server and the default host, `virtualHosts.NAME`, `….applications.NAME`. */
	readonly path: ConfigPath;
	/** The folder of an application, or of the applications of a host; empty for the server. */
	readonly folder: string;
};

/** What files of the whole server say together about one thing. */
export type ServerFacts = {
	/** Ports, with where each is from. */
	readonly ports: { readonly port: OldPort; readonly comment: string }[];
	/** From `NetworkingIPv6`. */
	ipv6: boolean;
	/** Whether the old server brought a web server of its own. */
	httpd: boolean;
	/** Whether idle clients are closed at all. */
	closesIdle: boolean;
};

/** What decides on the protocols of a scope. */
export type ProtocolFacts = { disallowed?: readonly string[]; tunnel?: boolean };

export type ImportTargetOptions = {
	readonly draft: ConfigDraft;
	readonly scope: ImportScope;
	readonly server: ServerFacts;
	readonly protocols: ProtocolFacts;
	/** The old server's folder, where relative paths begin. */
	readonly root: string;
	/** The folder of the file that is read. */
	readonly fileFolder: string;
	/** Where the old server's folder was, on its own machine, as far as that is known. */
	oldRoot(): string | undefined;
	/** Takes what a person should know. */
	notice(text: string): void;
};

/** Where the settings of one file go. */
export class ImportTarget {
	readonly scope: ImportScope;
	readonly server: ServerFacts;
	readonly protocols: ProtocolFacts;
	readonly notice: (text: string) => void;
	/** The place of the setting that is being read: `conf/Server.xml:12`. */
	place = "";
	readonly #options: ImportTargetOptions;

	constructor(options: ImportTargetOptions) {
		this.#options = options;
		this.scope = options.scope;
		this.server = options.server;
		this.protocols = options.protocols;
		this.notice = options.notice;
	}

	/** Sets a setting of the scope, such as `record.maxBytes`, unless our bounds do not allow the value. */
	put(setting: string, value: unknown, note?: string): Outcome {
		return this.#put([...this.scope.path, ...setting.split(".")], value, note);
	}

	/** Sets a setting that only the whole server has; for a virtual host or an application that says so in vain. */
	putForServer(setting: string, value: unknown, note?: string): Outcome {
		if (this.scope.path.length === 0) return this.#put(setting.split("."), value, note);
		return { outcome: "not applicable", note: `\`${setting}\` holds for the whole server.` };
	}

	/** Adds to a list of the scope. */
	append(setting: string, item: unknown, note?: string): Outcome {
		const path = [...this.scope.path, ...setting.split(".")];
		const former = (this.#options.draft.get(path) as readonly unknown[] | undefined) ?? [];
		return this.#put(path, [...former, item], note);
	}

	/** What the scope has of a setting so far. */
	get(setting: string): unknown {
		return this.#options.draft.get([...this.scope.path, ...setting.split(".")]);
	}

	/** Sets the default of ours, where something around the scope says otherwise; `otherwise` where nothing does. */
	putDefault(setting: string, otherwise: Outcome): Outcome {
		const node = nodeAt(setting.split("."));
		if (node?.kind !== "leaf") throw new TypeError(`${setting} is no setting with a default`);
		const inherited = this.#inherited(setting);
		return inherited === undefined || inherited === node.default ? otherwise : this.put(setting, node.default);
	}

	/** What holds for the scope of a setting that it does not have itself. */
	#inherited(setting: string): unknown {
		const { path } = this.scope;
		const around = path.length === 4 ? [path.slice(0, 2), []] : path.length > 0 ? [[]] : [];
		const values = around.map(outer => this.#options.draft.get([...outer, ...setting.split(".")]));
		return values.find(value => value !== undefined);
	}

	/** A path of the old configuration as an absolute one; those that are relative begin in the old server's folder. */
	pathOf(text: string): string {
		return this.#absolute(this.#options.root, text);
	}

	/** A path that begins in the folder of the file itself. */
	pathBeside(text: string): string {
		return this.#absolute(this.#options.fileFolder, text);
	}

	#absolute(base: string, text: string): string {
		const { root, oldRoot } = this.#options;
		const path = oldPath(text, base, root, oldRoot());
		if (!existsSync(path)) this.notice(`${path} does not exist here (${this.place}).`);
		return path;
	}

	#put(path: ConfigPath, value: unknown, note: string | undefined): Outcome {
		const { draft } = this.#options;
		const node = nodeAt(path);
		const measured =
			node?.kind === "leaf" && (node.type === "duration" || node.type === "size") ? node.type : undefined;
		const written = measured !== undefined && typeof value === "number" ? formatMeasure(value, measured) : value;
		const objection = draft.objection(path, written);
		if (objection !== undefined) return { outcome: "not applicable", note: `It cannot be set so here: ${objection}.` };
		draft.set(path, written, this.place);
		return { outcome: "taken", to: path.join("."), ...(note !== undefined && { note }) };
	}
}

/**
 * A path of an old configuration as an absolute one. Relative ones begin at `base`; of absolute ones that are not here,
 * what lies below the folder where the old server was (`oldRoot`) is looked for below `root`.
 */
export function oldPath(text: string, base: string, root: string, oldRoot: string | undefined): string {
	if (!win32.isAbsolute(text)) return resolve(base, text.replaceAll("\\", "/"));
	if (oldRoot === undefined || existsSync(text) || !text.startsWith(oldRoot)) return text;
	const here = join(root, text.slice(oldRoot.length).replaceAll("\\", "/"));
	return existsSync(here) ? here : text;
}
