/**
 * Whether a name fits a pattern in which `*` stands for any characters, slashes too, and `?` for one; everything else is
 * literal. It takes no longer than the one length times the other.
 */
export function fitsPattern(name: string, pattern: string): boolean {
	let at = 0;
	let wanted = 0;
	/** Where the last `*` stands, and how far it reaches; −1: there was none. */
	let star = -1;
	let reach = 0;
	while (at < name.length) {
		if (pattern[wanted] === "*") {
			star = wanted++;
			reach = at;
		} else if (wanted < pattern.length && (pattern[wanted] === "?" || pattern[wanted] === name[at])) {
			wanted++;
			at++;
		} else if (star >= 0) {
			wanted = star + 1;
			at = ++reach;
		} else {
			return false;
		}
	}
	while (pattern[wanted] === "*") wanted++;
	return wanted === pattern.length;
}
