// Shell commands shown to be copied.

/** One argument of a shell command, quoted where necessary. @param {string} argument */
export function quoted(argument) {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
