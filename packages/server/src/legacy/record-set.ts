import type { ScriptFunction, ScriptObject, ScriptRealm, ScriptValue } from "../script/index.ts";
import { DEFAULT_PAGE_ROWS, type DeliveryMode, MAX_ROWS, RecordTable, ROW_IN_PROGRESS } from "./record-table.ts";

/** What stands behind a script's `RecordSet`. */
type Host = {
	readonly table: RecordTable<ScriptObject>;
	/** Told of changes, by `modelChanged`. */
	readonly views: ScriptObject[];
	/** Where the gateway keeps the rows that have not come. */
	source: { readonly id: ScriptValue; readonly service: string } | undefined;
	/** The connection to that gateway, as soon as it is known. */
	connection: ScriptObject | undefined;
};

/** The tables of a realm. */
export interface RecordSets {
	/** A gateway has answered with a value: where that is a table, its other rows are asked for on this connection. */
	attach(value: ScriptValue, connection: ScriptObject): void;
}

/** The name under which gateways send tables. */
const WIRE_NAME = "RecordSet";
/** The form of `serverInfo` that is known. */
const VERSION = 1;
const MODES: readonly DeliveryMode[] = ["ondemand", "fetchall", "page"];

/**
 * Defines `RecordSet`: a table, as gateways of Flash Remoting answer with it. Rows that have not come with it are asked
 * for by `SERVICE.getRecords(id, first, count)`, which counts from 1 and answers with `{Cursor, Page}`.
 */
export function defineRecordSet(realm: ScriptRealm): RecordSets {
	const hosts = new WeakMap<ScriptObject, Host>();
	const hostOf = (self: ScriptObject): Host => {
		const host = hosts.get(self);
		if (host === undefined) throw new TypeError("It is no RecordSet.");
		return host;
	};

	const tell = (host: Host, event: string, firstRow?: number, lastRow?: number): void => {
		const rows = firstRow === undefined ? {} : { firstRow, lastRow };
		for (const view of [...host.views]) {
			realm.invoke(view, "modelChanged", [realm.newObject({ event, ...rows })], "modelChanged");
		}
	};

	/** The rows of a gateway's answer: lists of values in the order of the columns. */
	const rowsOf = (host: Host, value: ScriptValue): ScriptObject[] =>
		listOf(value).map(row => {
			const values = listOf(row);
			return realm.newObject(Object.fromEntries(host.table.columns.map((name, index) => [name, values[index]])));
		});

	const fetch = (host: Host, first: number, last: number): void => {
		const { table, source, connection } = host;
		const fail = (text: string) => {
			realm.trace(`RecordSet: the rows ${first} to ${last} cannot be had: ${text}`);
			table.fail(first, last);
		};
		if (source === undefined || connection === undefined) {
			fail("it is not known where they are.");
			return;
		}
		tell(host, "fetchRows", first, last);
		const responder = realm.newObject({
			onResult: realm.makeFunction("onResult", (_self, [answer]) => {
				// The script has emptied the table meanwhile.
				if (host.source !== source) return;
				const page = isObject(answer) ? (answer as Record<string, ScriptValue>)["Page"] : undefined;
				table.take(first, last, rowsOf(host, page));
			}),
			onStatus: realm.makeFunction("onStatus", (_self, [info]) => {
				fail(isObject(info) ? String((info as Record<string, ScriptValue>)["description"]) : String(info));
			}),
		});
		const method = `${source.service}.getRecords`;
		realm.invoke(connection, "call", [method, responder, source.id, first + 1, last - first + 1], method);
	};

	const makeHost = (): Host => {
		const host: Host = {
			table: new RecordTable({
				onFetch: (first, last) => fetch(host, first, last),
				onRows: (first, last) => tell(host, "updateRows", first, last),
				onComplete: () => tell(host, "allRows"),
			}),
			views: [],
			source: undefined,
			connection: undefined,
		};
		return host;
	};

	/** A table that is whole, for what changes it. */
	const whole = (self: ScriptObject, what: string): Host | undefined => {
		const host = hostOf(self);
		if (host.table.isComplete) return host;
		realm.trace(`RecordSet.${what}: not all rows have come.`);
		return undefined;
	};

	const insert = (self: ScriptObject, what: string, index: number | undefined, item: ScriptValue): void => {
		const host = isObject(item) ? whole(self, what) : undefined;
		if (host === undefined) return;
		const at = index ?? host.table.length;
		if (host.table.insert(at, item as ScriptObject)) tell(host, "addRows", at, at);
	};

	const sort = (self: ScriptObject, what: string, compare: (a: ScriptObject, b: ScriptObject) => number): void => {
		const host = whole(self, what);
		if (host === undefined) return;
		host.table.sort(compare);
		tell(host, "sort");
	};

	const type: ScriptFunction = realm.defineClass({
		name: WIRE_NAME,
		construct(self, [columns]) {
			const host = makeHost();
			host.table.columns = textsOf(columns);
			hosts.set(self, host);
		},
		methods: {
			getLength: self => hostOf(self).table.length,
			getNumberAvailable: self => hostOf(self).table.available,
			getItemAt(self, [index]) {
				const row = hostOf(self).table.row(Number(index));
				return row === ROW_IN_PROGRESS ? "in progress" : row;
			},
			getColumnNames: self => realm.newArray([...hostOf(self).table.columns]),
			isFullyPopulated: self => hostOf(self).table.isComplete,
			isLocal: self => hostOf(self).source === undefined,
			setDeliveryMode(self, [mode, pageRows = DEFAULT_PAGE_ROWS, pagesAhead = 0]) {
				const { table } = hostOf(self);
				const known = MODES.find(each => each === String(mode).toLowerCase());
				if (known !== undefined) table.setDelivery(known, Number(pageRows), Number(pagesAhead));
				else realm.trace(`RecordSet.setDeliveryMode: ${String(mode)} is none of ${MODES.join(", ")}.`);
			},
			addView(self, [view]) {
				const { views } = hostOf(self);
				if (!isObject(view) || views.includes(view)) return;
				views.push(view);
				realm.invoke(view, "modelChanged", [realm.newObject({ event: "updateAll" })], "modelChanged");
			},
			addItem: (self, [item]) => insert(self, "addItem", undefined, item),
			addItemAt: (self, [index, item]) => insert(self, "addItemAt", Number(index), item),
			replaceItemAt(self, [index, item]) {
				const host = isObject(item) ? whole(self, "replaceItemAt") : undefined;
				const at = Number(index);
				if (host?.table.replace(at, item as ScriptObject)) tell(host, "updateRows", at, at);
			},
			removeItemAt(self, [index]) {
				const host = whole(self, "removeItemAt");
				const at = Number(index);
				if (host?.table.remove(at)) tell(host, "deleteRows", at, at);
			},
			removeAll(self) {
				const host = hostOf(self);
				host.source = undefined;
				host.table.begin(0, 0, []);
				tell(host, "updateAll");
			},
			setField(self, [index, name, value]) {
				const host = whole(self, "setField");
				const at = Number(index);
				const row = host?.table.row(at);
				if (host === undefined || row === undefined || row === ROW_IN_PROGRESS) return;
				realm.setOwn(row, String(name), value);
				tell(host, "updateRows", at, at);
			},
			filter(self, [accepts, context]) {
				const host = whole(self, "filter");
				const result = realm.instantiate(type);
				const found = makeHost();
				hosts.set(result, found);
				if (host === undefined || typeof accepts !== "function") return result;
				found.table.columns = host.table.columns;
				const rows = host.table.rows.filter(row => Reflect.apply(accepts, undefined, [row, context]) === true);
				found.table.begin(rows.length, 0, rows);
				return result;
			},
			sort(self, [compare]) {
				if (typeof compare !== "function") return;
				sort(self, "sort", (a, b) => Number(Reflect.apply(compare, undefined, [a, b])) || 0);
			},
			sortItemsBy(self, [name, order]) {
				const sign = String(order).toUpperCase() === "DESC" ? -1 : 1;
				const key = String(name);
				const fieldOf = (row: ScriptObject): ScriptValue => (row as Record<string, ScriptValue>)[key];
				sort(self, "sortItemsBy", (a, b) => sign * compareValues(fieldOf(a), fieldOf(b)));
			},
		},
		accessors: {
			length: { get: self => hostOf(self).table.length },
			items: { get: self => realm.newArray([...hostOf(self).table.rows]) },
			mTitles: { get: self => realm.newArray([...hostOf(self).table.columns]) },
			// What a gateway sends.
			serverInfo: {
				get: () => undefined,
				set(self, value) {
					const host = hostOf(self);
					if (!isObject(value)) return;
					const info = value as Record<string, ScriptValue>;
					host.table.columns = textsOf(info["columnNames"]);
					const rows = rowsOf(host, info["initialData"]);
					const isKnown = info["version"] === undefined || Number(info["version"]) === VERSION;
					if (!isKnown) realm.trace(`RecordSet: its version ${String(info["version"])} is not known.`);
					const total = isKnown ? Number(info["totalCount"] ?? rows.length) : rows.length;
					if (total > MAX_ROWS) realm.trace(`RecordSet: of ${total} rows the first ${MAX_ROWS} can be had.`);
					host.table.begin(total, Number(info["cursor"] ?? 1) - 1, rows);
					const isAll = host.table.isComplete;
					host.source = isAll ? undefined : { id: info["id"], service: String(info["serviceName"]) };
				},
			},
		},
	});
	realm.registerClass(WIRE_NAME, type);
	return {
		attach(value, connection) {
			const host = isObject(value) ? hosts.get(value) : undefined;
			if (host !== undefined) host.connection = connection;
		},
	};
}

function compareValues(a: ScriptValue, b: ScriptValue): number {
	if (typeof a === "number" && typeof b === "number") return a - b;
	const [left, right] = [String(a), String(b)];
	return left === right ? 0 : left < right ? -1 : 1;
}

function isObject(value: ScriptValue): value is ScriptObject {
	return typeof value === "object" && value !== null;
}

function listOf(value: ScriptValue): readonly ScriptValue[] {
	return Array.isArray(value) ? value : [];
}

function textsOf(value: ScriptValue): string[] {
	return listOf(value).map(String);
}
