//! Reads a stream with tokio-tungstenite, which has no compression. Arguments: URL, number of messages.
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio_tungstenite::tungstenite::Message;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let count: usize = arguments[2].parse()?;
    let (mut socket, response) = tokio_tungstenite::connect_async(arguments[1].as_str()).await?;
    let answer = response.headers().get("Sec-WebSocket-Extensions");
    println!("extensions {}", answer.map_or("none", |value| value.to_str().unwrap_or("unreadable")));
    let mut read = 0;
    while read < count {
        match socket.next().await.ok_or("the connection has ended")?? {
            Message::Text(text) => {
                let hash: String = Sha256::digest(text.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect();
                println!("{hash}");
                read += 1;
            }
            Message::Ping(_) | Message::Pong(_) => {}
            other => return Err(format!("unexpected message {other:?}").into()),
        }
    }
    Ok(())
}
