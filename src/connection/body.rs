//! Bodies, read piece by piece with an end: a server, or what stands in front
//! of it, cannot fill the memory, not even with a few bytes well compressed.

use reqwest::{
    Response,
    header::{CONTENT_LENGTH, HeaderMap},
};

/// More of an error body is never needed to find its words.
const MAX_ERROR_BODY_BYTES: usize = 64 << 10;

/// Why a body could not be read whole.
pub enum BodyError {
    TooLarge,
    Transport(reqwest::Error),
}

/// All of a body, or `TooLarge`. What is counted are decoded bytes.
pub async fn read_whole(
    mut response: Response,
    headers: &HeaderMap,
    max_bytes: usize,
) -> Result<Vec<u8>, BodyError> {
    // Where the length is told it need not be tried out.
    let told = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|length| length > max_bytes as u64) {
        return Err(BodyError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Transport)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The beginning of an error body. Its status has said the important thing, so
/// a body that breaks off or is too long changes nothing.
pub async fn read_start(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_ERROR_BODY_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == MAX_ERROR_BODY_BYTES {
            break;
        }
    }
    body
}
