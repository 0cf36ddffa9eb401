import type { ScriptObject, ScriptRealm, ScriptValue } from "../script/index.ts";

type Rows = { columns: string[]; items: ScriptObject[] };

/** The name under which gateways send tables. */
const WIRE_NAME = "RecordSet";

/** Defines `RecordSet`: a table, as gateways answer with it. All of its rows must have come with it. */
export function defineRecordSet(realm: ScriptRealm): void {
	const tables = new WeakMap<ScriptObject, Rows>();
	const rowsOf = (self: ScriptObject): Rows => {
		const rows = tables.get(self);
		if (rows === undefined) throw new TypeError("It is no RecordSet.");
		return rows;
	};
	const type = realm.defineClass({
		name: WIRE_NAME,
		construct(self, [columns]) {
			tables.set(self, { columns: textsOf(columns), items: [] });
		},
		methods: {
			getLength: self => rowsOf(self).items.length,
			getNumberAvailable: self => rowsOf(self).items.length,
			getItemAt: (self, [index]) => rowsOf(self).items[Number(index)],
			getColumnNames: self => realm.newArray(rowsOf(self).columns),
			isFullyPopulated: () => true,
			isLocal: () => true,
			addItem(self, [item]) {
				if (isObject(item)) rowsOf(self).items.push(item);
			},
			addItemAt(self, [index, item]) {
				if (isObject(item)) rowsOf(self).items.splice(Number(index), 0, item);
			},
			replaceItemAt(self, [index, item]) {
				const { items } = rowsOf(self);
				if (isObject(item) && Number(index) in items) items[Number(index)] = item;
			},
			removeItemAt(self, [index]) {
				rowsOf(self).items.splice(Number(index), 1);
			},
			removeAll(self) {
				rowsOf(self).items.length = 0;
			},
			setField(self, [index, name, value]) {
				const item = rowsOf(self).items[Number(index)];
				if (item !== undefined) realm.setOwn(item, String(name), value);
			},
		},
		accessors: {
			length: { get: self => rowsOf(self).items.length },
			items: { get: self => realm.newArray(rowsOf(self).items) },
			mTitles: { get: self => realm.newArray(rowsOf(self).columns) },
			// What a gateway sends: names of columns, and rows as lists of values.
			serverInfo: {
				get: () => undefined,
				set(self, info) {
					const { columnNames, initialData } = info as Record<string, ScriptValue>;
					const rows = rowsOf(self);
					rows.columns = textsOf(columnNames);
					rows.items = listOf(initialData).map(row => {
						const values = listOf(row);
						return realm.newObject(Object.fromEntries(rows.columns.map((name, index) => [name, values[index]])));
					});
				},
			},
		},
	});
	realm.registerClass(WIRE_NAME, type);
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
