import { quoteName, quoteText } from './quote.ts';

/** Their stored value is a list of quoted names already; as one literal it would become one name (pg_dump, dumputils.c). */
const LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** `name=value` of pg_db_role_setting as it stands after SET. */
export function settingText(setting: string): string {
  const cut = setting.indexOf('=');
  const [name, value] = [setting.slice(0, cut), setting.slice(cut + 1)];
  const quoted = name.split('.').map(quoteName).join('.');
  const plain = LISTS.has(name.toLowerCase()) && value !== '';
  return `${quoted} TO ${plain ? value : quoteText(value)}`;
}
