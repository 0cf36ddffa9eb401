import { existsSync } from "node:fs";
import { dirname, join, win32 } from "node:path";
import { parse } from "yaml";
import { APPLICATION_NAME, type ConfigPath, resolveOptions } from "../config/index.ts";
import { ConfigDraft } from "./config-draft.ts";
import { type ImportScope, ImportTarget, oldPath, type ProtocolFacts, type ServerFacts } from "./import-target.ts";
import { type IniVariable, parseIni, Variables } from "./ini-file.ts";
import { type OldFile, readOldFile } from "./old-file.ts";
import {
	applicationFolders,
	DEFAULT_ADAPTOR,
	DEFAULT_HOST,
	fileIn,
	findOldTree,
	type OldHost,
	type OldTree,
	shownPath,
} from "./old-tree.ts";
import { countOutcomes, type ImportReport, type ReportEntry } from "./report.ts";
import type { OldFileKind } from "./setting-row.ts";
import { OLD_SETTINGS, SettingTable } from "./setting-table.ts";
import { type Locks, type LockUse, walkSettings, withVariables } from "./settings-walk.ts";
import { childOf, parseXml, type XmlElement } from "./xml-element.ts";

/** An old configuration as ours. */
export type ImportedConfig = {
	/** The configuration file, YAML with comments. It passes `millrace check`. */
	readonly yaml: string;
	readonly report: ImportReport;
};

/**
 * Reads the configuration of an old server, of version 2 to 5, and writes it as ours. Nothing is left out of the report.
 *
 * @param folder the old server's folder, or its `conf`
 * @throws ConfigError with file and line for what cannot be read
 */
export function importConfig(folder: string): ImportedConfig {
	return new Importer(findOldTree(folder)).run();
}

/** What old servers let clients speak, and what of it we speak. */
const PROTOCOLS = ["rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte", "ws", "wss"];
const TUNNELS = ["rtmpt", "rtmpts", "rtmpte"];
/** Scripts that were compiled and signed; those of the applications that old servers bring are. */
const COMPILED = ["main.far", "main.ase"];
const STOCK_APPLICATIONS = ["live", "vod"];
const SECOND_DEFAULT = "There is one default host, that of `_defaultRoot_`. Give this one a name, or its own server.";
/** RTMP over WebSocket, by the protocol that it is allowed or refused with. */
const WEB_SOCKETS: Readonly<Record<string, string>> = { ws: "rtmp", wss: "rtmps" };

class Importer {
	readonly #tree: OldTree;
	readonly #draft = new ConfigDraft();
	readonly #entries: ReportEntry[] = [];
	readonly #notices = new Set<string>();
	/** Those that were gone through; a folder that hosts shared is gone through for each, and reported once. */
	readonly #walked = new Set<string>();
	readonly #files = new Set<string>();
	readonly #tables = new Map<OldFileKind, SettingTable>();
	readonly #server: ServerFacts = { ports: [], ipv6: true, httpd: false, closesIdle: false };
	/** The folders of applications that hosts have, absolute. */
	readonly #appFolders = new Set<string>();
	/** Those of the default host, which is where those of virtual hosts come from in our configuration. */
	#protocols: ProtocolFacts = {};
	#oldRoot: string | undefined;
	#variables = new Variables([]);

	constructor(tree: OldTree) {
		this.#tree = tree;
	}

	run(): ImportedConfig {
		const { ini, server, users, loggers, adaptors } = this.#tree;
		const serverScope: ImportScope = { kind: "server", path: [], folder: "" };
		const variables = ini === undefined ? [] : parseIni(this.#read(ini));
		this.#variables = new Variables(variables);
		this.#findOldRoot(variables.find(({ name }) => name === "VHOST.APPSDIR")?.value ?? "");
		this.#openForAll();
		if (server !== undefined) this.#walk(server, "Server.xml", serverScope);
		if (users !== undefined) this.#walk(users, "Users.xml", serverScope);
		for (const logger of loggers) this.#walk(logger, "Logger.xml", serverScope);
		for (const adaptor of adaptors) {
			this.#walk(adaptor.file, "Adaptor.xml", serverScope);
			for (const host of adaptor.hosts) {
				// Clients have no name by which to reach it.
				const isSecondDefault = host.name === DEFAULT_HOST && adaptor.name !== DEFAULT_ADAPTOR;
				if (isSecondDefault) this.#skipHost(host, SECOND_DEFAULT);
				else this.#importHost(host);
			}
		}
		this.#putListeners();
		this.#putConnections();
		if (this.#draft.get(["applications"]) === undefined) this.#putStockApplications();
		if (ini !== undefined) for (const variable of variables) this.#reportVariable(ini, variable);
		const settings = this.#entries;
		const report = { files: [...this.#files], settings, notices: [...this.#notices], counts: countOutcomes(settings) };
		const yaml = this.#draft.text(HEAD);
		// What `millrace check` says of it must be that it is valid; otherwise nothing is written.
		resolveOptions(parse(yaml));
		return { yaml, report };
	}

	/** What held without any setting. */
	#openForAll(): void {
		this.#draft.set(["publish", "from"], "anywhere", "old servers let everyone publish; a key is safer");
		this.#notices.add(
			"Everyone may publish, as on old servers without an application that refuses it (`publish.from: anywhere`). Delete that line, and publishers from elsewhere need the key.",
		);
		this.#notices.add(
			"Publishers without a key may not record: anybody could fill the disk. `record.anonymous: true` lets them, as old servers did.",
		);
	}

	#importHost(host: OldHost): void {
		const isDefault = host.name === DEFAULT_HOST;
		const path: ConfigPath = isDefault ? [] : ["virtualHosts", host.name];
		const fault = isDefault ? undefined : this.#draft.objection([...path, "folder"], "x");
		if (fault !== undefined) return this.#skipHost(host, `It cannot be a virtual host: ${fault}.`);
		const vhost = this.#parse(host.file);
		const asked = childOf(vhost, "AppsDir")?.text ?? "";
		const wanted = asked === "" || asked.includes("${") ? join(this.#tree.root, "applications") : this.#folderOf(asked);
		const isShared = this.#appFolders.has(wanted);
		const folder = isShared ? `${wanted}@${host.name}` : wanted;
		this.#appFolders.add(folder);
		if (isDefault) this.#draft.set(["media", "applications"], folder);
		else this.#draft.set([...path, "folder"], folder);
		if (isShared) {
			this.#notices.add(
				`The host ${host.name} shared the folder ${wanted} with another. Hosts have folders of their own: copy there what it needs, to ${folder}.`,
			);
		}
		const scope: ImportScope = { kind: "host", path, folder: isShared ? "" : folder };
		const protocols: ProtocolFacts = {};
		this.#walkParsed(vhost, host.file, "Vhost.xml", scope, protocols);
		if (host.users !== undefined) this.#walk(host.users, "Users.xml", scope);
		const locks: Locks = new Set();
		if (host.application !== undefined) {
			const taking = { paths: locks, isKept: false };
			this.#walkParsed(this.#parse(host.application), host.application, "Application.xml", scope, protocols, taking);
		}
		this.#putProtocols(path, protocols, isDefault ? {} : this.#protocols);
		if (isDefault) this.#protocols = protocols;
		// What is shared is read for each host: the applications are the same, their settings lie elsewhere.
		for (const application of applicationFolders(wanted)) this.#importApplication(application, scope, protocols, locks);
	}

	#importApplication(
		{ name, path: folder }: { readonly name: string; readonly path: string },
		host: ImportScope,
		inherited: ProtocolFacts,
		locks: Locks,
	): void {
		if (!APPLICATION_NAME.test(name)) {
			this.#notices.add(`${folder} is not taken: ${name} is no name that an application can have.`);
			return;
		}
		const path = [...host.path, "applications", name];
		const compiled = COMPILED.flatMap(file => fileIn(folder, file) ?? [])[0];
		const isStock = compiled !== undefined && STOCK_APPLICATIONS.includes(name);
		this.#draft.set(path, isStock && name === "vod" ? { type: "vod" } : {});
		if (isStock) {
			const why = "the script of the old server is compiled; the server does what it did";
			this.#draft.set([...path, "code", "enabled"], false, why);
		} else if (compiled !== undefined) {
			this.#notices.add(
				`${compiled} is a compiled script, which cannot be run: nobody can connect to ${name} without its source, main.asc.`,
			);
		}
		const file = fileIn(folder, "Application.xml");
		if (file !== undefined) {
			const protocols: ProtocolFacts = { ...inherited };
			const scope: ImportScope = { kind: "application", path, folder };
			this.#walkParsed(this.#parse(file), file, "Application.xml", scope, protocols, { paths: locks, isKept: true });
			this.#putProtocols(path, protocols, inherited);
		}
		this.#putSwfFolder(path, host.path, folder);
	}

	/** Old servers look in `SWFs` of the application's folder, where no other is named. */
	#putSwfFolder(path: ConfigPath, host: ConfigPath, folder: string): void {
		const setting = (key: string): unknown =>
			[path, host, []]
				.map(scope => this.#draft.get([...scope, "swfVerification", key]))
				.find(value => value !== undefined);
		if (setting("enabled") !== true || setting("folder") !== undefined) return;
		const files = join(folder, "SWFs");
		this.#draft.set([...path, "swfVerification", "folder"], files, "where old servers look by themselves");
		if (!existsSync(files)) {
			this.#notices.add(
				`SWF files that may connect belong into ${files}: the server does not start without that folder.`,
			);
		}
	}

	#skipHost({ file, application, users }: OldHost, note: string): void {
		for (const path of [file, application, users]) {
			if (path === undefined) continue;
			const shownAs = this.#read(path).shownAs;
			this.#entries.push({ file: shownAs, line: 1, setting: "(all)", value: "", outcome: "not applicable", note });
		}
	}

	/** @param around what holds where nothing is said */
	#putProtocols(path: ConfigPath, facts: ProtocolFacts, around: ProtocolFacts): void {
		const left = openProtocols(facts);
		if (left.length === 0) {
			this.#notices.add(`No protocol is left for ${path.join(".") || "the server"}: nobody could connect, so all may.`);
		} else if (left.join() !== openProtocols(around).join()) this.#draft.set([...path, "protocols"], left);
	}

	#putListeners(): void {
		const { ipv6 } = this.#server;
		const isForAll = (number: number): boolean =>
			this.#server.ports.some(({ port }) => port.port === number && port.host === "");
		const ports = this.#server.ports.filter(({ port }) => port.host === "" || !isForAll(port.port));
		let needsCertificate = false;
		for (const { port, comment } of ports) {
			const listener = {
				...(port.host !== "" ? { host: port.host } : !ipv6 && { host: "0.0.0.0" }),
				port: port.port,
				protocols: port.secure ? ["rtmps", "https"] : ["rtmp", "http"],
			};
			needsCertificate ||= port.secure;
			this.#draft.append(["listeners"], listener, comment);
			if (port.port < 1024)
				this.#notices.add(`Port ${port.port} may need a right of its own, or another program may have it.`);
		}
		if (needsCertificate && this.#draft.get(["tls", "certificates"]) === undefined) {
			this.#notices.add(
				"No certificate was found for the ports with TLS: nothing is spoken there until `tls.certificates` has one.",
			);
		}
		if (ports.length === 0)
			this.#notices.add("No port was found: the server takes those that it has by itself, 1935 and 8080.");
	}

	/** Our limit is that of all hosts together. */
	#putConnections(): void {
		const own = this.#draft.get(["limits", "connections"]);
		const hosts = Object.values(this.#draft.value.virtualHosts ?? {});
		if (typeof own !== "number" || hosts.length === 0) return;
		const isBounded = hosts.every(({ connections = 0 }) => connections > 0);
		const sum = hosts.reduce((total, { connections = 0 }) => total + connections, own);
		if (isBounded && this.#draft.objection(["limits", "connections"], sum) === undefined) {
			this.#draft.set(["limits", "connections"], sum, `of all hosts together, ${own} of them of the default host`);
			return;
		}
		this.#draft.delete(["limits", "connections"]);
		this.#notices.add(
			`The default host had at most ${own} clients; \`limits.connections\` bounds those of all hosts and is left out.`,
		);
	}

	/** Both generations bring them. */
	#putStockApplications(): void {
		this.#draft.set(["applications"], { live: {}, vod: { type: "vod" } });
		this.#notices.add(
			"The folder of the applications was not found here: `live` and `vod` are written as old servers bring them.",
		);
	}

	#reportVariable(file: string, { name, value, line }: IniVariable): void {
		const row = this.#table("fms.ini").find([name]);
		const entry = { file: shownPath(this.#tree.root, file), line, setting: name, value: row?.isSecret ? "…" : value };
		const uses = this.#variables.usesOf(name);
		if (uses.length > 0)
			this.#entries.push({ ...entry, outcome: "taken", to: uses.join(", "), note: "Filled in there." });
		else if (row === undefined) this.#entries.push({ ...entry, outcome: "unknown" });
		else this.#entries.push({ ...entry, outcome: "not applicable", note: "No file uses it." });
	}

	#walk(file: string, kind: OldFileKind, scope: ImportScope): void {
		this.#walkParsed(this.#parse(file), file, kind, scope, {});
	}

	#walkParsed(
		element: XmlElement,
		path: string,
		kind: OldFileKind,
		scope: ImportScope,
		protocols: ProtocolFacts,
		locks?: LockUse,
	): void {
		const isKnown = this.#walked.has(path);
		const target = new ImportTarget({
			draft: this.#draft,
			scope,
			server: this.#server,
			protocols,
			root: this.#tree.root,
			fileFolder: dirname(path),
			oldRoot: () => this.#oldRoot,
			notice: text => this.#notices.add(text),
		});
		walkSettings(element, {
			shownAs: shownPath(this.#tree.root, path),
			table: this.#table(kind),
			target,
			locks,
			report: entry => {
				if (!isKnown) this.#entries.push(entry);
			},
		});
		this.#walked.add(path);
	}

	#table(kind: OldFileKind): SettingTable {
		let table = this.#tables.get(kind);
		if (table === undefined) {
			table = new SettingTable(OLD_SETTINGS[kind]);
			this.#tables.set(kind, table);
		}
		return table;
	}

	#parse(path: string): XmlElement {
		const file = this.#read(path);
		return withVariables(parseXml(file), this.#variables, file.shownAs);
	}

	#read(path: string): OldFile {
		const file = readOldFile(path, shownPath(this.#tree.root, path));
		this.#files.add(file.shownAs);
		return file;
	}

	/** An absolute folder of applications that is not here, as on another machine, tells where the old server was. */
	#findOldRoot(folder: string): void {
		if (!win32.isAbsolute(folder) || existsSync(folder)) return;
		const cut = Math.max(folder.lastIndexOf("/"), folder.lastIndexOf("\\"));
		if (existsSync(join(this.#tree.root, folder.slice(cut + 1)))) this.#oldRoot ??= folder.slice(0, cut);
	}

	#folderOf(text: string): string {
		this.#findOldRoot(text);
		const { root } = this.#tree;
		const path = oldPath(text, root, root, this.#oldRoot);
		if (win32.isAbsolute(text) && path !== text) this.#notices.add(`${text} does not exist here; ${path} is taken.`);
		return path;
	}
}

function openProtocols({ disallowed = [], tunnel = true }: ProtocolFacts): string[] {
	return PROTOCOLS.filter(
		name => !disallowed.includes(WEB_SOCKETS[name] ?? name) && (tunnel || !TUNNELS.includes(name)),
	);
}

const HEAD = ` Written by \`millrace import-config\` from the configuration of an old server.
 Comments name the file and line that a setting is from. What is not here is the default:
 see docs/reference/configuration.md, and docs/reference/old-settings.md for all old settings.`;
