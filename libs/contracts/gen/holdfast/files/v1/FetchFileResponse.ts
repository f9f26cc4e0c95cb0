// Original file: holdfast/files/v1/file_service.proto


export interface FetchFileResponse {
  'content'?: (Buffer | Uint8Array | string);
}

export interface FetchFileResponse__Output {
  'content': (Buffer);
}
