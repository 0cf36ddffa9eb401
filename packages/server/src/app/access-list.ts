/**
 * Whether a list of paths covers the name of a stream or shared object (Server-Side ActionScript, `Client.readAccess`).
 * Paths are parted by `;`; `/` covers everything and an empty list nothing. A path covers the name itself and whatever
 * lies in the folder of that name: `public` covers `public` and `public/cam`, not `publication`.
 */
export function accessAllows(list: string, name: string): boolean {
	if (list === "/") return true;
	const path = withoutSlashes(name);
	for (const entry of list.split(";")) {
		const trimmed = entry.trim();
		if (trimmed === "") continue;
		const folder = withoutSlashes(trimmed);
		if (folder === "" || path === folder || path.startsWith(`${folder}/`)) return true;
	}
	return false;
}

function withoutSlashes(path: string): string {
	let start = 0;
	let end = path.length;
	while (start < end && path[start] === "/") start++;
	while (end > start && path[end - 1] === "/") end--;
	return path.slice(start, end);
}
