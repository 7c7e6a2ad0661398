// SPDX-License-Identifier: Apache-2.0
//! The official Rust runtime streaming with a prelude: {"parts":["one","two"],"gate":PORT,"fail":"half way"}.
//! With a gate each part waits for a byte of it before the function goes on.
use lambda_runtime::streaming::{channel, Body, Response};
use lambda_runtime::{service_fn, Error, LambdaEvent, MetadataPrelude};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn write(event: Value, mut to: lambda_runtime::streaming::Sender) -> Result<(), Error> {
    let mut gate = match event["gate"].as_u64() {
        Some(port) => Some(TcpStream::connect(("127.0.0.1", port as u16)).await?),
        None => None,
    };
    for part in event["parts"].as_array().into_iter().flatten() {
        if let Some(gate) = &mut gate {
            gate.write_all(b"0\n").await?;
        }
        to.send_data(part.as_str().unwrap_or("?").to_string().into()).await?;
        if let Some(gate) = &mut gate {
            gate.read_u8().await?;
        }
    }
    if event["fail"].is_string() {
        to.abort();
    }
    Ok(())
}

async fn handle(event: LambdaEvent<Value>) -> Result<Response<Body>, Error> {
    let (to, body) = channel();
    tokio::spawn(async move { write(event.payload, to).await.expect("the stream is open") });
    let mut metadata_prelude = MetadataPrelude::default();
    metadata_prelude.headers.insert("x-made-by", "rust".parse()?);
    Ok(Response { metadata_prelude, stream: body })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handle)).await
}
